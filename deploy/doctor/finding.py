"""One thing that `sugarmill doctor` looked at."""

from __future__ import annotations

import dataclasses


@dataclasses.dataclass(frozen=True)
class Finding:
    """One thing looked at; `needed` says whether what comes next depends on it."""

    name: str
    ok: bool
    found: str
    advice: str = ""
    needed: bool = True
