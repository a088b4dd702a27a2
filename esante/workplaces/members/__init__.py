"""The practitioners who work at a site: each with their own fee, one site of each the primary one."""
