"""Where is the browser, and how is it started?  Needs no Django, so that docs/screenshot.py can use it too."""

CHROMIUM = "/usr/bin/chromium"
# Without these a browser calls home at each start, and as root it needs to be told that there is no sandbox.
FLAGS = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
