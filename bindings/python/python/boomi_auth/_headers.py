"""The headers of an answer."""

from __future__ import annotations

from _collections_abc import Iterator, Mapping


class Headers(Mapping[str, str]):
    """A mapping in which names have any case. Several headers of one name are joined by ``", "``."""

    __slots__ = ("_pairs",)

    def __init__(self, pairs: list[tuple[str, str]]) -> None:
        self._pairs = pairs

    def get_all(self, name: str) -> list[str]:
        """Each header of that name."""
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
        # A server may set a cookie, or echo what it was sent.
        return f"<Headers {', '.join(self)}>"
