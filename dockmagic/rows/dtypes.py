"""Columns that show less than they hold: sizes as ``79.6MB``, digests as twelve digits.

The display belongs to the column's dtype, so slices, Series, merges, sorted and grouped frames keep it, and the data
stay what they are: integer bytes to calculate with, whole digests to join on. Inside is an array of pandas' own
(``Int64``, ``string``) that does the work.
"""

# ruff: noqa: SLF001, ARG002, ARG003, FBT001  (the interface of pandas' extension arrays is underscored and positional)

from __future__ import annotations

import operator
import stat
from typing import TYPE_CHECKING, Any, ClassVar, Final, Self

import numpy as np
import pandas as pd
from pandas.api.extensions import ExtensionArray, ExtensionDtype, register_extension_dtype

from dockmagic.oci.errors import InvalidInput

from .sizes import bytes_of
from .words import human_size, short_id

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

__all__ = ["ByteCount", "ByteMean", "DigestArray", "DigestDtype", "ModeArray", "ModeDtype", "SizeArray", "SizeDtype"]


class ByteCount(int):
    """A number of bytes that shows itself as docker does, ``1.33GB``; in every other way an ``int``."""

    __slots__ = ()

    def __repr__(self) -> str:
        return human_size(self)

    __str__ = int.__repr__


class ByteMean(float):
    """A mean, median or deviation of numbers of bytes, which shows itself likewise; in every other way a ``float``."""

    __slots__ = ()

    def __repr__(self) -> str:
        return human_size(round(self))

    __str__ = float.__repr__


#: Results of a column that are in bytes and no whole numbers.
_IN_BYTES: Final = ("mean", "median", "std", "sem")


class _ShownArray(ExtensionArray):  # type: ignore[misc]  # pandas has no types
    """An array of pandas' own (`_inner`) with another display; the subclass says which and how."""

    _inner: Any
    _inner_dtype: ClassVar[str]
    _dtype: ClassVar[ExtensionDtype]

    def __init__(self, inner: Any) -> None:
        self._inner = inner

    @classmethod
    def _from_sequence(cls, scalars: Any, *, dtype: Any = None, copy: bool = False) -> Self:
        inner = scalars._inner if isinstance(scalars, cls) else pd.array(scalars, dtype=cls._inner_dtype)
        return cls(inner.copy() if copy else inner)

    @classmethod
    def _from_factorized(cls, values: Any, original: _ShownArray) -> Self:
        return cls._from_sequence(values)

    @classmethod
    def _concat_same_type(cls, to_concat: Sequence[_ShownArray]) -> Self:
        return cls(type(to_concat[0]._inner)._concat_same_type([array._inner for array in to_concat]))

    @property
    def dtype(self) -> ExtensionDtype:
        return self._dtype

    @property
    def nbytes(self) -> int:
        return int(self._inner.nbytes)

    def __len__(self) -> int:
        return len(self._inner)

    def _scalar(self, value: Any) -> Any:
        return value

    def __getitem__(self, item: Any) -> Any:
        picked = self._inner[item]
        return type(self)(picked) if isinstance(picked, type(self._inner)) else self._scalar(picked)

    def __setitem__(self, key: Any, value: Any) -> None:
        self._inner[key] = value._inner if isinstance(value, _ShownArray) else value

    def isna(self) -> Any:
        return self._inner.isna()

    def copy(self) -> Self:
        return type(self)(self._inner.copy())

    def take(self, indices: Any, *, allow_fill: bool = False, fill_value: Any = None) -> Self:
        # The array's own method: with pyarrow installed it may be one that pandas' function does not know how to call.
        return type(self)(self._inner.take(np.asarray(indices), allow_fill=allow_fill, fill_value=fill_value))

    def to_numpy(self, dtype: Any = None, copy: bool = False, na_value: Any = None) -> Any:  # noqa: FBT002  (pandas' signature)
        return self._inner.to_numpy(dtype=dtype, copy=copy, **({} if na_value is None else {"na_value": na_value}))

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> Any:
        return np.asarray(self._inner, dtype=dtype)

    def astype(self, dtype: Any, copy: bool = True) -> Any:  # noqa: FBT002  (pandas' signature)
        if pd.api.types.pandas_dtype(dtype) == self.dtype:
            return self.copy() if copy else self
        return self._inner.astype(dtype, copy=copy)

    def _values_for_argsort(self) -> Any:
        return self._inner._values_for_argsort()

    def argsort(self, **kwargs: Any) -> Any:
        return self._inner.argsort(**kwargs)

    def _values_for_factorize(self) -> tuple[Any, Any]:
        return self._inner.to_numpy(dtype=object, na_value=np.nan), np.nan

    def _binary(self, other: Any, operation: Callable[[Any, Any], Any]) -> Any:
        if isinstance(other, (pd.Series, pd.DataFrame, pd.Index)):
            return NotImplemented  # pandas unboxes them and asks again
        return self._keep(operation(self._inner, other._inner if isinstance(other, _ShownArray) else other), other)

    def _keep(self, result: Any, other: Any) -> Any:
        return result

    __hash__ = None  # type: ignore[assignment]  # arrays can change

    def __eq__(self, other: object) -> Any:
        return self._binary(other, operator.eq)

    def __ne__(self, other: object) -> Any:
        return self._binary(other, operator.ne)

    def __lt__(self, other: Any) -> Any:
        return self._binary(other, operator.lt)

    def __le__(self, other: Any) -> Any:
        return self._binary(other, operator.le)

    def __gt__(self, other: Any) -> Any:
        return self._binary(other, operator.gt)

    def __ge__(self, other: Any) -> Any:
        return self._binary(other, operator.ge)

    def _reduce(self, name: str, *, skipna: bool = True, keepdims: bool = False, **kwargs: Any) -> Any:
        result = self._inner._reduce(name, skipna=skipna, keepdims=keepdims, **kwargs)
        return self._keep(result, None) if keepdims else self._scalar(result)


@register_extension_dtype
class SizeDtype(ExtensionDtype):  # type: ignore[misc]  # pandas has no types
    """Bytes: integers (``<NA>`` where unknown) that show as ``79.6MB``."""

    name = "size"
    type = ByteCount
    kind = "i"
    na_value = pd.NA
    _is_numeric = True

    @classmethod
    def construct_array_type(cls) -> Any:
        """The array of this dtype."""
        return SizeArray

    def _get_common_dtype(self, dtypes: list[Any]) -> Any:
        plain = all(isinstance(dtype, SizeDtype) or getattr(dtype, "kind", "O") in "iu" for dtype in dtypes)
        return self if plain else None


class SizeArray(_ShownArray):
    """Integer bytes, shown as docker shows them."""

    _inner_dtype = "Int64"
    _dtype = SizeDtype()
    __array_priority__ = 1000

    def _formatter(self, boxed: bool = False) -> Callable[[Any], str]:  # noqa: FBT002  (pandas' signature)
        return _size_text

    def _scalar(self, value: Any) -> Any:
        return ByteCount(value) if isinstance(value, (int, np.integer)) else value

    def _binary(self, other: Any, operation: Callable[[Any, Any], Any]) -> Any:
        if isinstance(other, str):  # frame[frame.Size > "10MB"]
            try:
                return super()._binary(bytes_of(other), operation)
            except InvalidInput:
                if operation is operator.eq or operation is operator.ne:  # nothing is equal to what is no size
                    return pd.array([operation is operator.ne] * len(self), dtype="boolean")
                raise
        return super()._binary(other, operation)

    def _reduce(self, name: str, *, skipna: bool = True, keepdims: bool = False, **kwargs: Any) -> Any:
        result = super()._reduce(name, skipna=skipna, keepdims=keepdims, **kwargs)
        return ByteMean(result) if name in _IN_BYTES and isinstance(result, float) and not np.isnan(result) else result

    def _keep(self, result: Any, other: Any) -> Any:
        # Bytes stay bytes while they are integers; a share (size / size) is a plain number.
        whole = getattr(getattr(result, "dtype", None), "kind", "") in ("i", "u")
        return type(self)(pd.array(result, dtype="Int64")) if whole else result

    def __add__(self, other: Any) -> Any:
        return self._binary(other, operator.add)

    def __radd__(self, other: Any) -> Any:
        return self._binary(other, operator.add)

    def __sub__(self, other: Any) -> Any:
        return self._binary(other, operator.sub)

    def __rsub__(self, other: Any) -> Any:
        return self._binary(other, lambda mine, theirs: theirs - mine)

    def __mul__(self, other: Any) -> Any:
        return self._binary(other, operator.mul)

    def __rmul__(self, other: Any) -> Any:
        return self._binary(other, operator.mul)

    def __truediv__(self, other: Any) -> Any:
        return self._binary(other, operator.truediv)

    def __rtruediv__(self, other: Any) -> Any:
        return self._binary(other, lambda mine, theirs: theirs / mine)

    def __floordiv__(self, other: Any) -> Any:
        share = self._binary(other, operator.floordiv)
        return share._inner if isinstance(other, SizeArray) and isinstance(share, SizeArray) else share

    def __mod__(self, other: Any) -> Any:
        return self._binary(other, operator.mod)

    def __neg__(self) -> Self:
        return type(self)(-self._inner)

    def __abs__(self) -> Self:
        return type(self)(abs(self._inner))

    def _accumulate(self, name: str, *, skipna: bool = True, **kwargs: Any) -> Self:
        return type(self)(self._inner._accumulate(name, skipna=skipna, **kwargs))

    def _quantile(self, qs: Any, interpolation: str) -> Any:
        return self._inner._quantile(qs, interpolation)

    def _groupby_op(self, **kwargs: Any) -> Any:
        result = self._inner._groupby_op(**kwargs)
        if kwargs.get("how") in _IN_BYTES:
            result = result.round().astype("Int64")  # a column shows sizes, and a part of a byte is none
        return self._keep(result, None)


def _size_text(value: Any) -> str:
    return "" if value is pd.NA else human_size(int(value))


@register_extension_dtype
class ModeDtype(ExtensionDtype):  # type: ignore[misc]  # pandas has no types
    """File type and permission bits (``st_mode``) that show as ``-rwxr-xr-x``."""

    name = "mode"
    type = int
    kind = "i"
    na_value = pd.NA

    @classmethod
    def construct_array_type(cls) -> Any:
        """The array of this dtype."""
        return ModeArray


class ModeArray(_ShownArray):
    """``st_mode`` numbers, shown as ``ls -l`` shows them."""

    _inner_dtype = "Int64"
    _dtype = ModeDtype()

    def _formatter(self, boxed: bool = False) -> Callable[[Any], str]:  # noqa: FBT002  (pandas' signature)
        return _mode_text

    def __and__(self, other: Any) -> Any:
        return self._binary(other, operator.and_)


def _mode_text(value: Any) -> str:
    return "" if value is pd.NA else stat.filemode(int(value))


@register_extension_dtype
class DigestDtype(ExtensionDtype):  # type: ignore[misc]  # pandas has no types
    """Digests: whole strings that show as their first twelve digits."""

    name = "digest"
    type = str
    kind = "O"
    na_value = pd.NA

    @classmethod
    def construct_array_type(cls) -> Any:
        """The array of this dtype."""
        return DigestArray


class DigestArray(_ShownArray):
    """Whole digests, shown short; ``.str`` works as on any column of text."""

    _inner_dtype = "string"
    _dtype = DigestDtype()

    def _formatter(self, boxed: bool = False) -> Callable[[Any], str]:  # noqa: FBT002  (pandas' signature)
        return _digest_text

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_str_"):  # what Series.str asks an array of text for
            return getattr(self._inner, name)
        raise AttributeError(name)


def _digest_text(value: Any) -> str:
    return "" if value is pd.NA else short_id(str(value))
