"""The matrix notices when a permission is no longer asked for: a sample in every run, all of it in the full one."""

import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parent.parent.parent
FULL = os.environ.get("ESANTE_FULL") == "1"


def test_a_permission_that_is_taken_away_is_missed() -> None:
    how_many = [] if FULL else ["--sample", "40"]
    command = [sys.executable, "-m", "tests.matrix.mutation", *how_many]
    ran = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=900, check=False)
    assert ran.returncode == 0, ran.stdout + ran.stderr[-2_000:]
    assert "killed" in ran.stdout
