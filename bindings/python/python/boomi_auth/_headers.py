"""The headers of a response."""

from __future__ import annotations

from _collections_abc import Iterator, Mapping


class Headers(Mapping[str, str]):
    """A mapping whose names are case-insensitive. Several headers of one name are joined by ``", "``."""

    __slots__ = ("_pairs",)

    def __init__(self, pairs: list[tuple[str, str]]) -> None:
        self._pairs = pairs

    def get_all(self, name: str) -> list[str]:
        """Returns the values of all headers of that name."""
        name = name.lower()
        return [value for other, value in self._pairs if other == name]

    def __getitem__(self, name: str) -> str:
        values = self.get_all(name)
        if not values:
            raise KeyError(name)
        return ", ".join(values)

    def __iter__(self) -> Iterator[str]:
        return iter(dict(self._pairs))

    def __len__(self) -> int:
        return len(dict(self._pairs))

    def __repr__(self) -> str:
        # A value may be a cookie, or echo a secret of the request.
        return f"<Headers {', '.join(self)}>"
