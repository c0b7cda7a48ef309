"""Installs the nodes, launch files and settings where ROS 2 looks for them."""

from glob import glob

from setuptools import setup

PACKAGE = "sugarmill_ros"
NODES = ("robot_sim", "object_tracker", "command_generator", "command_tracker")

setup(
    name=PACKAGE,
    version="0.1.0",
    packages=[PACKAGE],
    data_files=[
        ("share/ament_index/resource_index/packages", [f"resource/{PACKAGE}"]),
        (f"share/{PACKAGE}", ["package.xml"]),
        (f"share/{PACKAGE}/launch", sorted(glob("launch/*.launch.py"))),
        (f"share/{PACKAGE}/config", sorted(glob("config/*"))),
    ],
    install_requires=["setuptools"],
    zip_safe=True,
    maintainer="The Sugarmill authors",
    maintainer_email="maintainers@sugarmill.invalid",
    description="Lifecycle nodes that put a Sugarmill skill on a Unitree G1.",
    license="Apache-2.0",
    tests_require=["pytest"],
    entry_points={
        "console_scripts": [f"{name} = {PACKAGE}.{name}:main" for name in NODES],
    },
)
