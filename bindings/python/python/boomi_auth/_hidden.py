"""A string type for secrets."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import SupportsIndex


class Hidden(str):
    """A secret as a ``str`` whose ``repr`` hides it, as tracebacks show locals.

    ``print`` and formatting give the secret, and ``str()`` makes a plain string of it.
    """

    __slots__ = ()

    def __repr__(self) -> str:
        return "'***'"

    def __getitem__(self, key: SupportsIndex | slice) -> Hidden:
        # rich cuts a long string, and shows the repr of the piece.
        return Hidden(super().__getitem__(key))

    def __copy__(self) -> Hidden:
        return self

    def __deepcopy__(self, memo: object) -> Hidden:
        return self

    def __reduce_ex__(self, protocol: object) -> str:
        raise TypeError("a secret of boomi_auth is not pickled by accident: give str() of it if that is what you want")
