"""`sugarmill run`: episodes, and the processes beside them."""
