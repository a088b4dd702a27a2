"""`esante doctor`: is this box well? Named checks, the cause in plain words, and a safe cure where there is one."""
