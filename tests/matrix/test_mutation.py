"""The matrix notices when a permission is no longer asked for: every one of them."""

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parent.parent.parent


def test_a_permission_that_is_taken_away_is_missed() -> None:
    command = [sys.executable, "-m", "tests.matrix.mutation"]
    ran = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=900, check=False)
    assert ran.returncode == 0, ran.stdout + ran.stderr[-2_000:]
    assert "killed" in ran.stdout
