r"""Variables, quotes and escapes are BuildKit's.

Most rows are those of BuildKit's own tables (moby/buildkit, frontend/dockerfile/shell: envVarTest, wordsTest and
lex_test.go).
"""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dockmagic.dockerfile import expand, expand_text, expand_words, trace
from dockmagic.oci.errors import DockerfileError

ENV = {"PWD": "/home", "SHELL": "bash", "KOREAN": "한국어", "NULL": ""}

WORDS = [
    ("hello", "hello"),
    ("he'll'o", "hello"),
    (r"he\'llo", "he'llo"),
    (r"abc\tdef", "abctdef"),
    (r'"abc\tdef"', r"abc\tdef"),
    (r'"abc\\tdef"', r"abc\tdef"),
    (r"'abc\tdef'", r"abc\tdef"),
    ("hello\\", "hello"),
    ("hello\\\\", "hello\\"),
    ('"hel\'lo"', "hel'lo"),
    (r"'hello\'", "hello\\"),
    (r"'hello\there'", r"hello\there"),
    (r"'hello\\there'", r"hello\\there"),
    ("\"''\"", "''"),
    ("$.", "$."),
    ("he$1x", "hex"),
    ("he$.x", "he$.x"),
    ("he$pwd.", "he."),
    ("he$PWD", "he/home"),
    (r"he\$PWD", "he$PWD"),
    (r"he\\$PWD", r"he\/home"),
    (r'"he\$PWD"', "he$PWD"),
    (r'"he\\$PWD"', r"he\/home"),
    (r"\${}", "${}"),
    (r"\${}aaa", "${}aaa"),
    (r"he\${}", "he${}"),
    (r"he\${}xx", "he${}xx"),
    ("he${hi}", "he"),
    ("he${hi}xx", "hexx"),
    ("he${PWD}", "he/home"),
    ("he${XXX:-000}xx", "he000xx"),
    ("he${PWD:-000}xx", "he/homexx"),
    ("he${XXX:-$PWD}xx", "he/homexx"),
    ("he${XXX:-${PWD:-yyy}}xx", "he/homexx"),
    ("he${XXX:-${YYY:-yyy}}xx", "heyyyxx"),
    ("he${PWD?}", "he/home"),
    ("he${PWD:?}", "he/home"),
    ("he${NULL?}", "he"),
    ("he${XXX:+${PWD}}xx", "hexx"),
    ("he${PWD:+${XXX}}xx", "hexx"),
    ("he${PWD:+${SHELL}}xx", "hebashxx"),
    ("he${XXX:+000}xx", "hexx"),
    ("he${PWD:+000}xx", "he000xx"),
    ("'he${XX}'", "he${XX}"),
    ('"he${PWD}"', "he/home"),
    ("\"he'$PWD'\"", "he'/home'"),
    ('"$PWD"', "/home"),
    ("'$PWD'", "$PWD"),
    (r"'\$PWD'", r"\$PWD"),
    ("'\"hello\"'", '"hello"'),
    (r"'he\$PWD'", r"he\$PWD"),
    ("he${PWD:+${PWD}:}xx", "he/home:xx"),
    (r"he${XXX:-\$PWD:}xx", "he$PWD:xx"),
    (r"he${XXX:-\${PWD}z}xx", "he${PWDz}xx"),
    ("안'녕'하세요", "안녕하세요"),
    (r"안녕\'하세요", "안녕'하세요"),
    (r"안녕\t하세요", "안녕t하세요"),
    ("안녕$1x", "안녕x"),
    ("안녕$.x", "안녕$.x"),
    ("안녕${XXX:-000}xx", "안녕000xx"),
    ("$KOREAN", "한국어"),
    ("안녕$KOREAN", "안녕한국어"),
    ("${aaa}}", "}"),
    ("${aaa:-bbb}}", "bbb}"),
    ("${aaa:-bbb}", "bbb"),
    ("${aaa:-${bbb:-ccc}}", "ccc"),
    ("${aaa:-bbb {foo}", "bbb {foo"),
    ("$1", ""),
    ("${1}", ""),
    ("${1:+bbb}", ""),
    ("${1:-bbb}", "bbb"),
    ("$2", ""),
    ("${2}", ""),
    ("${2:+bbb}", ""),
    ("${2:-bbb}", "bbb"),
    ("$9", ""),
    ("${9}", ""),
    ("${9:+bbb}", ""),
    ("${9:-bbb}", "bbb"),
    ("$999", ""),
    ("${999}", ""),
    ("${999:+bbb}", ""),
    ("${999:-bbb}", "bbb"),
    ("$999aaa", "aaa"),
    ("${999}aaa", "aaa"),
    ("${999:+bbb}aaa", "aaa"),
    ("${999:-bbb}aaa", "bbbaaa"),
    ("$001", ""),
    ("${001}", ""),
    ("${001:+bbb}", ""),
    ("${001:-bbb}", "bbb"),
    ("$001aaa", "aaa"),
    ("${001}aaa", "aaa"),
    ("${001:+bbb}aaa", "aaa"),
    ("${001:-bbb}aaa", "bbbaaa"),
    ("$@", ""),
    ("${@}", ""),
    ("${@:+bbb}", ""),
    ("${@:-bbb}", "bbb"),
    ("$@@@", "@@"),
    ("$@aaa", "aaa"),
    ("${@}aaa", "aaa"),
    ("${@:+bbb}aaa", "aaa"),
    ("${@:-bbb}aaa", "bbbaaa"),
    ("$*", ""),
    ("${*}", ""),
    ("${*:+bbb}", ""),
    ("${*:-bbb}", "bbb"),
    ("$#", ""),
    ("${#}", ""),
    ("${#:+bbb}", ""),
    ("${#:-bbb}", "bbb"),
    ("$?", ""),
    ("${?}", ""),
    ("${?:+bbb}", ""),
    ("${?:-bbb}", "bbb"),
    ("$-", ""),
    ("${-}", ""),
    ("${-:+bbb}", ""),
    ("${-:-bbb}", "bbb"),
    ("$$", ""),
    ("${$}", ""),
    ("${$:+bbb}", ""),
    ("${$:-bbb}", "bbb"),
    ("$!", ""),
    ("${!}", ""),
    ("${!:+bbb}", ""),
    ("${!:-bbb}", "bbb"),
    ("$0", ""),
    ("${0}", ""),
    ("${0:+bbb}", ""),
    ("${0:-bbb}", "bbb"),
]

BROKEN = [
    "he'llo",
    r"he\\'llo",
    '"hello',
    r'"hello\"',
    "'hello",
    "${}",
    "${}aaa",
    "he${}",
    "he${}xx",
    "he${.}",
    "he${XXX:YYY}",
    "he${XXX?}",
    "he${XXX:?}",
    "he${NULL:?}",
    "he${PWD",
    "he${PWD:=000}xx",
    "안'녕하세요",
    r"안\\'녕하세요",
    "${{aaa}",
    "${aaa",
    "${{aaa:-bbb}",
    "${aaa:-bbb",
    "${aaa:-bbb ${foo}",
    "${:}",
    "${:-bbb}",
    "${:+bbb}",
]

SPLIT = [
    ("hello", {}, ["hello"]),
    ("hello${hi}bye", {}, ["hellobye"]),
    ("hello${hi}bye", {"hi": "hi"}, ["hellohibye"]),
    ("hello${space}bye", {"space": "abc  def"}, ["helloabc", "defbye"]),
    ('hello"${space}"bye', {"space": "abc  def"}, ["helloabc  defbye"]),
    ('hello "${space}"bye', {"space": "abc  def"}, ["hello", "abc  defbye"]),
    ("hello${leading}def", {"leading": "  ab c"}, ["hello", "ab", "cdef"]),
    ('hello"${leading}" def', {"leading": "  ab c"}, ["hello  ab c", "def"]),
    ("hello${trailing}", {"trailing": "ab c   "}, ["helloab", "c"]),
    ("hello${trailing}d", {"trailing": "ab c   "}, ["helloab", "c", "d"]),
    ('hel"lo${trailing}"', {"trailing": "ab c   "}, ["helloab c   "]),
    ('hello" there  "', {}, ["hello there  "]),
    (r"hello\ there", {}, ["hello there"]),
    (r"hello\" there", {}, ['hello"', "there"]),
    (r'hello"\\there"', {}, [r"hello\there"]),
    (r"hello'\\there'", {}, [r"hello\\there"]),
    ("hello'$there'", {}, ["hello$there"]),
    ("8${none:-0}80", {}, ["8080"]),
]

# word, environment, result, names found, names missed
OPERATORS = [
    ("x", {"DUMMY": "dummy"}, "x", "", ""),
    ("x ${UNUSED}", {"DUMMY": "dummy"}, "x ", "", "UNUSED"),
    ("x ${FOO}", {"FOO": "y"}, "x y", "FOO", ""),
    ("${FOO-aaa} ${BAR-bbb} ${BAZ-ccc}", {"FOO": "xxx", "BAR": ""}, "xxx  ccc", "FOO BAR", "BAZ"),
    ("${FOO:-aaa} ${BAR:-bbb} ${BAZ:-ccc}", {"FOO": "xxx", "BAR": ""}, "xxx bbb ccc", "FOO BAR", "BAZ"),
    ("${FOO:-}", {}, "", "", "FOO"),
    ("${FOO+aaa} ${BAR+bbb} ${BAZ+ccc}", {"FOO": "xxx", "BAR": ""}, "aaa bbb ", "FOO BAR", "BAZ"),
    ("${FOO:+aaa} ${BAR:+bbb} ${BAZ:+ccc}", {"FOO": "xxx", "BAR": ""}, "aaa  ", "FOO BAR", "BAZ"),
    ("${FOO?aaa}", {"FOO": "xxx"}, "xxx", "FOO", ""),
    ("${BAR?bbb}", {"BAR": ""}, "", "BAR", ""),
    (r"${FOO#()[]{\}^$.\*\?|\\}", {"FOO": "()[]{}^$.*?|\\x"}, "x", "FOO", ""),
    (r"${FOO%%\**}", {"FOO": "xx**"}, "xx", "FOO", ""),
    ("${FOO#*x*y}", {"FOO": "xxyy"}, "y", "FOO", ""),
    ("${FOO#*}", {"FOO": "xxyy"}, "xxyy", "FOO", ""),
    ("${FOO#$BAR}", {"FOO": "xxyy", "BAR": "x"}, "xyy", "FOO BAR", ""),
    ("${FOO#}", {"FOO": "xxyy"}, "xxyy", "FOO", ""),
    ("${FOO##*x}", {"FOO": "xxyy"}, "yy", "FOO", ""),
    (r"${FOO#?\?}", {"FOO": "???y"}, "?y", "FOO", ""),
    ("${ABC:-.}${FOO%x}${ABC:-.}", {"FOO": "xxyy"}, ".xxyy.", "FOO", "ABC"),
    ("${FOO%y*}", {"FOO": "xxyyz"}, "xxy", "FOO", ""),
    ("${FOO%%y*}", {"FOO": "xxyyz"}, "xx", "FOO", ""),
    (r"${FOO%%\**\*}", {"FOO": "a***yy*"}, "a", "FOO", ""),
    ("${FOO%%$BAR}", {"FOO": "xxyy", "BAR": ""}, "xxyy", "FOO BAR", ""),
    ("${FOO%.tar*}", {"FOO": "a.tar.gz"}, "a", "FOO", ""),
    (
        "${FOO/$NEEDLE/.} - ${FOO//$NEEDLE/.}",
        {"FOO": "/foo*/*/*.txt", "NEEDLE": r"\*/"},
        "/foo.*/*.txt - /foo..*.txt",
        "FOO NEEDLE",
        "",
    ),
    ("${FOO/$N/} - ${FOO//$N/}", {"FOO": "/top/top/bar.txt", "N": "/top"}, "/top/bar.txt - /bar.txt", "FOO N", ""),
    ("${FOO/$N/$R} - ${FOO//$N/$R}", {"FOO": "/a/foo/b/c.txt", "N": "/?/", "R": "/"},
     "/foo/b/c.txt - /foo/c.txt", "FOO N R", ""),
    (r"${FOO//\//\/}", {"FOO": "/top/foo.txt"}, r"\/top\/foo.txt", "FOO", ""),
    ("${FOO/$BAR/ww}", {"FOO": "xxyy", "BAR": ""}, "wwxxyy", "FOO BAR", ""),
    ("${FOO///}", {"FOO": "xxyy"}, "xxyy", "FOO", ""),
    ("${FOO///}", {}, "", "", "FOO"),
    ("${FOO//*/-}", {"FOO": "xxyy"}, "-", "FOO", ""),
    ("${FOO/x/$R}", {"FOO": "x", "R": r"\1$1"}, r"\1$1", "FOO R", ""),
    (
        "s-${V}.${OS}-${ARCH}${VARIANT:+-${VARIANT}}.tar.gz",
        {"V": "v1", "OS": "linux", "ARCH": "arm", "VARIANT": "v7"},
        "s-v1.linux-arm-v7.tar.gz",
        "V OS ARCH VARIANT",
        "",
    ),
]  # fmt: skip

REFUSED = [
    ("${BAZ?ccc}", "BAZ: ccc"),
    ("${BAR:?bbb}", "BAR: bbb"),
    ("${BAZ:?}", "BAZ: is not allowed to be unset"),
    ("${BAR:?}", "BAR: is not allowed to be empty"),
    ("${BAR:?message here$FOO}", "BAR: message herexxx"),
    ("${FOO=aaa}", "unsupported modifier (=) in substitution"),
    ("${FOO:=}", "unsupported modifier (:=) in substitution"),
    ("${FOO:#}", "unsupported modifier (:#) in substitution"),
    ("${FOO:%%}", "unsupported modifier (:%) in substitution"),
    ("${FOO//ww}", "missing '/' in ${}"),
    ("${FOO/ww/a", "missing '}'"),
    ("${FOO", "missing '}'"),
    ("${}", "bad substitution"),
    (r"${NOT_SET%\x}", r"invalid pattern (\x) in substitution: invalid escape '\x'"),
    (r"${FOO#\x}", r"invalid pattern (\x) in substitution: invalid escape '\x'"),
    ("'a", "looking for matching single-quote"),
    ('"a', "looking for matching double-quote"),
]


@pytest.mark.parametrize(("word", "result"), WORDS)
def test_a_word_is_expanded(word: str, result: str) -> None:
    """Every row of the table gives what BuildKit gives."""
    assert expand(word, ENV) == result


@pytest.mark.parametrize("word", BROKEN)
def test_a_broken_word_is_refused(word: str) -> None:
    """Open quotes and braces, and operators that there are not."""
    with pytest.raises(DockerfileError, match="failed to process"):
        expand(word, ENV)


@pytest.mark.parametrize(("word", "env", "words"), SPLIT)
def test_words_are_split_outside_quotes(word: str, env: dict[str, str], words: list[str]) -> None:
    """White space separates, that of a variable's value too, unless there are quotes around it."""
    assert expand_words(word, env) == words


@pytest.mark.parametrize(("word", "env", "result", "found", "missed"), OPERATORS)
def test_every_operator_counts_what_it_looks_up(
    word: str, env: dict[str, str], result: str, found: str, missed: str
) -> None:
    """The names are told apart by whether the environment has them, whatever the operator makes of it."""
    assert trace(word, env) == (result, set(found.split()), set(missed.split()))


@pytest.mark.parametrize(("word", "reason"), REFUSED)
def test_an_error_says_which_word_and_why(word: str, reason: str) -> None:
    """The word that was meant, and BuildKit's reason."""
    with pytest.raises(DockerfileError) as caught:
        expand(word, {"FOO": "xxx", "BAR": ""})
    assert reason in caught.value.message
    assert word in caught.value.message


def test_the_backtick_escapes_where_a_directive_says_so() -> None:
    """Then a backslash is a character like any other."""
    assert expand("a`$b \\$b", {"b": "c"}, escape="`") == "a$b \\c"


def test_quotes_mean_nothing_in_a_heredoc() -> None:
    """Only variables and the backslash do."""
    assert expand_text('it\'s "$a" and \\$a\n', {"a": "b"}) == 'it\'s "b" and $a\n'


def test_a_long_word_is_shown_shortened() -> None:
    """An error stays one line that can be read."""
    with pytest.raises(DockerfileError) as caught:
        expand("x" * 5000 + "${", {})
    assert len(caught.value.message) < 200


@given(st.text(alphabet="ab$ {}:-+?#%/\\'\"<*0_\n", max_size=24), st.sampled_from(["\\", "`"]))
def test_any_word_expands_or_is_refused(word: str, escape: str) -> None:
    """No word breaks the lexer, and the words of a split are never empty."""
    env = {"a": "x y", "b": ""}
    try:
        expand(word, env, escape=escape)
        assert all(expand_words(word, env, escape=escape))
    except DockerfileError:
        pass


def test_a_pattern_takes_no_longer_for_having_many_stars() -> None:
    """Where nothing fits, that is found out at once, and what fits is what it was."""
    assert expand("${a##" + "*a" * 30 + "b}", {"a": "a" * 500}) == "a" * 500
    assert expand("${a%%" + "b*" * 30 + "}", {"a": "a" * 500}) == "a" * 500
    assert expand("${a/" + "*a" * 30 + "b/x}", {"a": "a" * 100}) == "a" * 100
    assert expand("${a##*/*/}-${a#*/*/}-${a%%/*/*}-${a%/*/*}", {"a": "a/b/c/d"}) == "d-c/d-a-a/b"


def test_defaults_in_defaults_end_somewhere() -> None:
    """Thousands of them, one in the other, are a mistake and not the end of the program."""
    assert expand("${a:-" * 50 + "x" + "}" * 50, {}) == "x"
    with pytest.raises(DockerfileError, match="one in the other"):
        expand("${a:-" * 5000 + "x" + "}" * 5000, {})


@given(st.text(alphabet=st.characters(exclude_characters="\\$'\"", exclude_categories=["Cs"])))
def test_a_word_without_special_characters_stays(word: str) -> None:
    """Nothing is trimmed or changed."""
    assert expand(word, {}) == word
