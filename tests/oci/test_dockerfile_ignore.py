r"""Paths are excluded as moby's patternmatcher excludes them.

The rows are those of moby/patternmatcher (patternmatcher_test.go, ignorefile/ignorefile_test.go), some of which are
those of Go's path/filepath.
"""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dockmagic.dockerfile import Ignore
from dockmagic.dockerfile.ignore import read_patterns
from dockmagic.oci.automaton import Automaton
from dockmagic.oci.errors import DockerfileError
from dockmagic.oci.glob import _pieces, clean, compile_pattern, is_pattern, match, pivot

FITS = [
    ("**", "file file/ / dir/file dir/file/"),
    ("**/", "file file/ / dir/file dir/file/"),
    ("**/**", "dir/file dir/file/"),
    ("dir/**", "dir/file dir/file/ dir/dir2/file dir/dir2/file/"),
    ("**/dir", "dir dir/file"),
    ("**/dir2/*", "dir/dir2/file dir/dir2/file/"),
    ("**/dir2/**", "dir/dir2/dir3/file dir/dir2/dir3/file/"),
    ("**file", "file dir/file dir/dir/file xfile"),
    ("**/file*", "dir/dir/file dir/dir/file.txt"),
    ("**/file*txt", "dir/dir/file.txt"),
    ("**/file*.txt*", "dir/dir/file.txt"),
    ("**/**/*.txt", "dir/dir/file.txt file.txt"),
    ("**/*.txt", "file.txt"),
    ("a**/*.txt", "a/file.txt a/dir/file.txt a/dir/dir/file.txt"),
    ("a/*.txt", "a/file.txt"),
    ("a/*.txt**", "a/file.txt"),
    ("a[b-d]e", "ace"),
    ("a[^b-d]e", "aze"),
    (".*", ".foo"),
    ("abc.def", "abc.def"),
    ("abc?def", "abcZdef"),
    ("a\\\\", "a\\"),
    ("a\\*b", "a*b"),
    ("**/foo/bar", "foo/bar dir/foo/bar dir/dir2/foo/bar"),
    ("abc/**", "abc/def abc/def/ghi"),
    ("**/.foo", ".foo"),
    ("a(b)c/def", "a(b)c/def"),
    ("a.|)$(}+{bc", "a.|)$(}+{bc"),
    ("dist/*.whl", "dist/proxy.py-2.4.0rc3.dev36+g08acad9-py3-none-any.whl"),
    ("a*", "a abc ab/c"),
    ("a*b*c*d*e*/f", "axbxcxdxe/f axbxcxdxexxx/f"),
    ("[a-ζ]*", "β"),
    ("a?b", "a☺b"),
    ("[\\]a]", "]"),
    ("[x\\-]", "x -"),
    ("a[[]b", "a[b"),
    ("foo/../bar/./x", "bar/x bar/x/y"),
]

FITS_NOT = [
    ("**/**/*.txt2", "dir/dir/file.txt"),
    ("a/*.txt", "a/dir/file.txt"),
    ("a[b-d]e", "ae aae"),
    (".*", "foo"),
    ("abc.def", "abcdef abcZdef"),
    ("abc?def", "abcdef"),
    ("abc/**", "abc"),
    ("**/.foo", "bar.foo"),
    ("a(b)c/def", "a(b)c/xyz"),
    ("a*/b", "a/c/b"),
    ("a*b*c*d*e*/f", "axbxcxdxe/xxx/f axbxcxdxexxx/fff"),
    ("a*b?c*x", "abxbbxdbxebxczzy"),
    ("ab[^c]", "abc"),
    ("a\\*b", "ab"),
    ("a???b", "a☺b"),
    ("*[a-ζ]", "A"),
    ("a?b", "a/b"),
    ("*", "."),
    ("[x\\-]", "z"),
    ("**file*", "xfile1"),
]


@pytest.mark.parametrize(("pattern", "paths"), FITS)
def test_a_pattern_excludes(pattern: str, paths: str) -> None:
    """A path that fits, and all that is below it."""
    assert [path for path in paths.split() if not Ignore([pattern]).excludes(path)] == []


@pytest.mark.parametrize(("pattern", "paths"), FITS_NOT)
def test_a_pattern_leaves_the_rest(pattern: str, paths: str) -> None:
    """``*`` and ``?`` stop at a slash, and a dot is a dot."""
    assert [path for path in paths.split() if Ignore([pattern]).excludes(path)] == []


@pytest.mark.parametrize(
    ("patterns", "path", "excluded"),
    [
        ("**\n!util/docker/web", "util/docker/web/foo", False),
        ("**\n!util/docker/web\nutil/docker/web/foo", "util/docker/web/foo", True),
        ("**\n!dist/*.whl", "dist/a.whl", False),
        ("!fileutils.go\n*.go", "fileutils.go", True),
        ("*.go\n!fileutils.go", "fileutils.go", False),
        ("docs\n!docs/README.md", "docs/README.md", False),
        ("docs/\n!docs/README.md", "docs/README.md", False),
        ("docs/*\n!docs/README.md", "docs/README.md", False),
        ("docs\n!docs/README.md", "docs/other.md", True),
        ("*\n!a/b\na/b/c", "a/b/c/d", True),
        ("*\n!a/b\na/b/c", "a/b/d/c", False),
        ("a/b\n!a", "a/b", True),
        ("a/b\n!a", "a/b/c", True),
        ("a\n!a/b", "a/b/c", False),
    ],
)
def test_the_last_pattern_decides(patterns: str, path: str, excluded: bool) -> None:  # noqa: FBT001 - a row's column
    """``!`` brings back; what stands below it may exclude again."""
    assert Ignore(patterns).excludes(path) is excluded


def test_a_dockerignore_is_read_line_by_line() -> None:
    """Comments only at the beginning of a line; paths are cleaned, and begin at the context."""
    text = (
        "\ufefftest1\n/test2\n/a/file/here\n\nlastfile\n# this is a comment\n! /inverted/abs/path\n  #x  \r\n"
        "a//b/../c/\n/\n"
    )
    assert read_patterns(text) == (
        "test1", "test2", "a/file/here", "lastfile", "!inverted/abs/path", "#x", "a/c", "/",
    )  # fmt: skip


@pytest.mark.parametrize(
    "pattern",
    ["!", "[]a]", "[-]", "[x-]", "[-x]", "\\", "[a-b-c]", "[", "[^", "[^bc", "a[", "a/[z-a]", "**/["],
)
def test_a_malformed_pattern_is_told_with_its_line(pattern: str) -> None:
    """Classes that do not close or are empty, a backslash at the end, a bang alone."""
    with pytest.raises(DockerfileError, match=r"^x\.dockerignore:2: (syntax error in|illegal exclusion) pattern"):
        Ignore(f"a\n{pattern}\n", name="x.dockerignore")


def test_no_patterns_exclude_nothing() -> None:
    """And are false."""
    assert not Ignore("# nothing\n")
    assert not Ignore().excludes("a/b")
    assert Ignore("a")


@pytest.mark.parametrize("pattern", ["*", "**", ".", "/"])
def test_the_context_itself_is_never_excluded(pattern: str) -> None:
    """Whatever the patterns say."""
    assert not Ignore([pattern]).excludes(".")
    assert not Ignore([pattern]).excludes("")


@pytest.mark.parametrize(
    ("patterns", "pruned", "read"),
    [
        ("a\nb/c", "a a/b b/c", "b c"),
        ("*\n!src/pkg1\n!docs/**/x.md", "other src/pkg2", "src src/pkg1 docs docs/a"),
        ("*\n!**/x", "", "a a/b"),
        ("*\n!a*/b", "b ac/d", "ab ac"),
        ("*\n!a/[bc]", "b", "a a/d"),
        ("a/**", "a/b", "a"),
    ],
)
def test_folders_are_pruned_where_nothing_can_come_back(patterns: str, pruned: str, read: str) -> None:
    """A folder that is excluded need not be read, unless a ``!`` may fit something in it."""
    ignore = Ignore(patterns)
    assert [folder for folder in pruned.split() if not ignore.prunes(folder)] == []
    assert [folder for folder in read.split() if ignore.prunes(folder)] == []


_PARTS = st.sampled_from(["a", "b", "ab", "*", "?", "**", "[ab]", "a*", "*b"])
_PATTERNS = st.lists(
    st.tuples(st.booleans(), st.lists(_PARTS, min_size=1, max_size=3)).map(lambda p: "!" * p[0] + "/".join(p[1])),
    min_size=1,
    max_size=4,
)
_PATHS = st.lists(st.sampled_from(["a", "b", "ab", "c"]), min_size=2, max_size=4).map("/".join)


@given(_PATTERNS, _PATHS)
def test_what_is_pruned_is_excluded(patterns: list[str], path: str) -> None:
    """Passing over a folder never loses a file, and the order of questions changes no answer."""
    ignore = Ignore(patterns)
    folder = path.rpartition("/")[0]
    if ignore.prunes(folder):
        assert ignore.excludes(path)
    assert ignore.excludes(path) == Ignore(patterns).excludes(path)


@given(_PATTERNS, _PATHS)
def test_excluding_follows_the_definition(patterns: list[str], path: str) -> None:
    """Pattern after pattern, folder after folder, each asked only if it could change the answer."""
    holds = [False] * len(patterns)
    parts = path.split("/")
    excluded = False
    for depth in range(1, len(parts) + 1):
        here, excluded = "/".join(parts[:depth]), False
        for index, pattern in enumerate(patterns):
            back = pattern.startswith("!")
            if not holds[index] and back is excluded:
                holds[index] = compile_pattern(clean(pattern.removeprefix("!")), deep=True).fullmatch(here) is not None
            if holds[index]:
                excluded = not back
    assert Ignore(patterns).excludes(path) is excluded


@pytest.mark.parametrize(
    ("source", "wild"),
    [("a", False), ("a*", True), ("a?", True), ("[ab]", True), (r"a\*", False), (r"a\\*", True), ("a]", False)],
)
def test_wildcards_of_a_source_are_known(source: str, wild: bool) -> None:  # noqa: FBT001 - a row's column
    """Unless a backslash takes them away."""
    assert is_pattern(source) is wild


def test_a_source_matches_whole_paths() -> None:
    """As `filepath.Match`: two stars are no more than one."""
    assert match("a/*.py", "a/b.py")
    assert not match("a/*.py", "a/b/c.py")
    assert not match("**/c.py", "a/b/c.py")
    assert not match("a", "a/b")


def test_a_pivot_parts_what_is_dropped_from_what_is_kept() -> None:
    """The first ``/./`` counts; without one the whole path is kept."""
    assert pivot("/a/./b/./c") == ("/a", "b/./c")
    assert pivot("a/b") == ("/", "a/b")


@pytest.mark.parametrize(
    ("path", "cleaned"),
    [("", "."), ("a//b/", "a/b"), ("/..", "/"), ("../a/..", ".."), ("./a/./b/..", "a"), ("//a", "/a"), ("a/..", ".")],
)
def test_paths_are_cleaned_as_go_does(path: str, cleaned: str) -> None:
    """`filepath.Clean`."""
    assert clean(path) == cleaned


HOSTILE = [
    ("*a*a*a*a*a*a*a*a*b", "a" * 255),
    ("**a**a**a**a**a**b", "a" * 4000),
    ("**/**/**/**/**/**/x", "a/" * 2000 + "y"),
    ("**/*[^x]*[^x]*[^x]*y", "a" * 255),
    ("**/a/**/a/**/a/**/a/**/x", "a/" * 2000 + "y"),
    ("*?*?*?*?*?*?*?*?/b", "a" * 255),
]


@pytest.mark.parametrize(("pattern", "path"), HOSTILE)
@pytest.mark.parametrize("also", [[], ["!nothing"]])
def test_a_hostile_pattern_is_answered_at_once(pattern: str, path: str, also: list[str]) -> None:
    """A context from elsewhere brings its own ignore file; backtracking would take longer than anybody lives."""
    assert not Ignore([pattern, *also]).excludes(path)
    assert Ignore([pattern, path, *also]).excludes(path)


@given(
    st.lists(st.sampled_from(["*", "**", "**/", "/", "a", "b", "?", "[^a]", "[a-b]", "\\*"]), max_size=9),
    st.text("ab/*", max_size=9),
)
def test_a_pattern_with_many_stars_fits_what_its_regular_expression_fits(parts: list[str], path: str) -> None:
    """As moby's patternmatcher has it, whose engine does not backtrack."""
    pieces = _pieces("".join(parts), deep=True)
    fits = re.compile("".join(pieces), re.DOTALL)
    assert bool(Automaton(pieces).fullmatch(path)) is bool(fits.fullmatch(path))
    assert bool(compile_pattern("".join(parts), deep=True).fullmatch(path)) is bool(fits.fullmatch(path))
    above = re.compile(f"(?:{fits.pattern})(?:/.*)?", re.DOTALL)
    assert bool(Automaton(pieces).fullmatch(path, above=True)) is bool(above.fullmatch(path))
