"""Does the clinic on this machine answer? Exit code 0 when it says that it is well. For Docker's HEALTHCHECK.

The certificate is not looked at: the question is asked on the machine itself, where nobody is in between.
"""

import json
import os
import ssl
import sys
from pathlib import Path
from urllib.request import urlopen

from esante.kernel.config import load


def main() -> str | int:
    config = load(Path(os.environ.get("ESANTE_CONFIG", "esante.toml")))
    scheme = "http" if config.tls_mode == "off" else "https"
    unverified = ssl.create_default_context()
    unverified.check_hostname, unverified.verify_mode = False, ssl.CERT_NONE
    try:
        with urlopen(
            f"{scheme}://127.0.0.1:{config.server.port}/api/v1/health", timeout=5, context=unverified
        ) as answer:
            said = json.load(answer)
            return 0 if said["status"] == "ok" else str(said["reason"])
    except (OSError, ValueError, KeyError) as error:
        return str(error)


if __name__ == "__main__":
    sys.exit(main())
