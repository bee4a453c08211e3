"""Follows every link of a folder of HTML inside it, down to the anchor: links.py FOLDER. What is elsewhere is left alone."""

import sys
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urlsplit


class Page(HTMLParser):
    def __init__(self, path):
        super().__init__()
        self.links, self.anchors = [], {"", "top"}
        self.feed(path.read_text(encoding="utf-8"))

    def handle_starttag(self, tag, attributes):
        for name, value in attributes:
            if name in ("href", "src") and value is not None and tag != "base":
                self.links.append(value)
            elif name in ("id", "name") and value:
                self.anchors.add(value)


root = Path(sys.argv[1]).resolve()
pages = {path: Page(path) for path in root.rglob("*.html")}
broken, followed = [], 0
for path, page in pages.items():
    for link in set(page.links):
        parts = urlsplit(link)
        if parts.scheme or parts.netloc:
            continue
        followed += 1
        here = root if parts.path.startswith("/") else path.parent
        target = (here / unquote(parts.path).lstrip("/")).resolve() if parts.path else path
        if target.is_dir():
            target /= "index.html"
        anchors = pages[target].anchors if target in pages else set()
        if not target.is_relative_to(root) or not target.exists():
            broken.append(f"{path.relative_to(root)}: {link} is not there")
        # rustdoc marks lines of its sources by a script, and has anchors with a % of their own.
        elif target in pages and not {parts.fragment, unquote(parts.fragment)} & anchors and "/src/" not in target.as_posix():
            broken.append(f"{path.relative_to(root)}: {link} has no such anchor")
print(*sorted(broken), sep="\n")
print(f"links: {followed} followed, {len(broken)} broken, on {len(pages)} pages")
sys.exit(bool(broken) or not pages)
