"""The small practice of scheduling's tests serves here too."""

from tests.scheduling.conftest import empty_clinic, practice

__all__ = ["empty_clinic", "practice"]
