"""Secrets in the hands of other libraries."""

from __future__ import annotations


class Hidden(str):
    """A secret as a ``str``: other libraries send it as any other, and their ``repr`` of what holds it does not show it."""

    __slots__ = ()

    def __repr__(self) -> str:
        return "'***'"

    def __copy__(self) -> Hidden:
        return self

    def __deepcopy__(self, memo: object) -> Hidden:
        return self

    def __reduce_ex__(self, protocol: object) -> str:
        raise TypeError("a header with a secret of boomi_auth cannot be pickled")
