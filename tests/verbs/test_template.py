"""Go's templates: every expected text below was printed by Go's own text/template with docker's functions."""

# ruff: noqa: E501  (a table is read line by line)

from __future__ import annotations

import contextlib
import time
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dockmagic.commands.template import Shown, TemplateStruct, parse, render
from dockmagic.oci.errors import InvalidInput

DATA: dict[str, Any] = {
    "Id": "sha256:abcdef",
    "Size": 7340032,
    "Ratio": 1.5,
    "Ok": True,
    "No": False,
    "Nothing": None,
    "Empty": "",
    "Tags": ["ubuntu:24.04", "ubuntu:latest"],
    "None": [],
    "Labels": {"b": "2", "a": "1"},
    "Config": {"Env": ["PATH=/bin", "A=b c"], "Cmd": ["/bin/sh", "-c", 'echo "hi" <x>'], "WorkingDir": "/root"},
    "Text": "one two-three it's",
}

GO = [
    ("{{.Id}}", "sha256:abcdef"),
    ("{{ .Id }} and {{.Size}}", "sha256:abcdef and 7340032"),
    (
        "{{json .Config}}",
        '{"Cmd":["/bin/sh","-c","echo \\"hi\\" <x>"],"Env":["PATH=/bin","A=b c"],"WorkingDir":"/root"}',
    ),
    ("{{json .Config.Cmd}}", '["/bin/sh","-c","echo \\"hi\\" <x>"]'),
    ("{{json .Size}} {{json .Nothing}} {{json .Ok}}", "7340032 null true"),
    ("{{.Config.Env}}", "[PATH=/bin A=b c]"),
    ("{{.Labels}}", "map[a:1 b:2]"),
    ("{{.Labels.a}}{{.Labels.zzz}}", "1<no value>"),
    ('{{index .Labels "b"}}', "2"),
    ("{{index .Config.Cmd 0}}", "/bin/sh"),
    ('{{index .Config "Env" 1}}', "A=b c"),
    ("{{len .Tags}} {{len .Id}} {{len .Labels}}", "2 13 2"),
    ('{{join .Tags ", "}}', "ubuntu:24.04, ubuntu:latest"),
    ('{{join .Labels "-"}}', "1-2"),
    ('{{split .Id ":"}}', "[sha256 abcdef]"),
    ('{{index (split .Id ":") 1}}', "abcdef"),
    ('{{upper .Id}} {{lower "ABC"}} {{title "hello big world"}}', "SHA256:ABCDEF abc Hello Big World"),
    ('{{.Id | upper | printf "%s!"}}', "SHA256:ABCDEF!"),
    (
        '{{printf "%-15s|%15s|%5d|%05d|%x|%q|%v|%t|%.2f|%%" .Id .Id 42 42 255 "a\\"b" .Tags .Ok .Ratio}}',
        'sha256:abcdef  |  sha256:abcdef|   42|00042|ff|"a\\"b"|[ubuntu:24.04 ubuntu:latest]|true|1.50|%',
    ),
    ("{{println .Id .Size}}", "sha256:abcdef 7340032\n"),
    ('{{print "a" 1 2 "b" 3}}', "a1 2b3"),
    ("{{range .Tags}}{{.}};{{end}}", "ubuntu:24.04;ubuntu:latest;"),
    ("{{range $i, $t := .Tags}}{{$i}}={{$t}} {{end}}", "0=ubuntu:24.04 1=ubuntu:latest "),
    ("{{range $k, $v := .Labels}}{{$k}}={{$v}},{{end}}", "a=1,b=2,"),
    ("{{range .None}}x{{else}}empty{{end}}", "empty"),
    ("{{range .Tags}}{{$.Id}} {{end}}", "sha256:abcdef sha256:abcdef "),
    ("{{range $i, $t := .Tags}}{{if $i}}, {{end}}{{$t}}{{end}}", "ubuntu:24.04, ubuntu:latest"),
    ("{{range .Config.Env}}{{println .}}{{end}}", "PATH=/bin\nA=b c\n"),
    ('{{range .Tags}}{{if eq . "ubuntu:latest"}}{{continue}}{{end}}{{.}}{{end}}', "ubuntu:24.04"),
    ("{{range .Tags}}{{.}}{{break}}{{end}}", "ubuntu:24.04"),
    ("{{if .Ok}}yes{{else}}no{{end}}", "yes"),
    ("{{if .Empty}}yes{{else if .Size}}size{{else}}no{{end}}", "size"),
    ("{{if and .Ok .Size}}both{{end}} {{if or .No .Empty}}x{{else}}neither{{end}} {{not .Ok}}", "both neither false"),
    ('{{or .Empty "default"}} {{and .Ok "then"}}', "default then"),
    ('{{if eq .Id "x" "sha256:abcdef"}}in{{end}}', "in"),
    (
        "{{if gt .Size 1000000}}big{{end}}{{if lt .Size 10}}small{{end}}{{if ge 3 3}}ge{{end}}{{if le 4 3}}le{{end}}{{if ne 1 2}}ne{{end}}",
        "biggene",
    ),
    ("{{with .Config}}{{.WorkingDir}}{{end}}", "/root"),
    ("{{with .Nothing}}x{{else}}nothing{{end}}", "nothing"),
    ("{{with $x := .Id}}{{$x}}{{end}}", "sha256:abcdef"),
    ('{{$x := .Id}}{{$x = "new"}}{{$x}}', "new"),
    ("{{$x := 1}}{{if .Ok}}{{$x = 2}}{{end}}{{$x}}", "2"),
    ("{{/* a comment */}}text{{- /* trimmed */ -}}   more", "textmore"),
    ("  {{- .Id -}}  tail", "sha256:abcdeftail"),
    ('{{"quoted \\t \\"string\\""}} {{`raw "string"`}}', 'quoted \t "string" raw "string"'),
    ("{{slice .Id 7}} {{slice .Id 0 6}} {{slice .Tags 1}}", "abcdef sha256 [ubuntu:latest]"),
    ("{{pad .Id 2 3}}| {{truncate .Id 6}}", "  sha256:abcdef   | sha256"),
    ('{{html "<a&b>"}}', "&lt;a&amp;b&gt;"),
    ("{{.Ratio}} {{.Ok}} {{.Nothing}}", "1.5 true <no value>"),
    ("{{(index .Tags 0) | len}}", "12"),
    ("{{len (index .Tags 0)}}", "12"),
    ('{{printf "%d%s" .Size .Id}}', "7340032sha256:abcdef"),
    ('{{printf "%s"}}', "%!s(MISSING)"),
    ('{{printf "%d" "x"}}', "%!d(string=x)"),
    ("{{eq .Size 7340032}}", "true"),
    ('{{"a" | printf "%s-%s" "b"}}', "b-a"),
    ("{{true}} {{false}} {{1}} {{-3}} {{0x1F}} {{1.25}}", "true false 1 -3 31 1.25"),
    ("{{'a'}}", "97"),
    ("}} stray", "}} stray"),
    (
        "{{.}}x{{range 3}}{{.}}{{end}}",
        'map[Config:map[Cmd:[/bin/sh -c echo "hi" <x>] Env:[PATH=/bin A=b c] WorkingDir:/root] Empty: Id:sha256:abcdef Labels:map[a:1 b:2] No:false None:[] Nothing:<nil> Ok:true Ratio:1.5 Size:7340032 Tags:[ubuntu:24.04 ubuntu:latest] Text:one two-three it\'s]x012',
    ),
    ("{{if not (and .Ok .No)}}nand{{end}}", "nand"),
    ("{{- range .Tags}}\n- {{.}}\n{{- end}}", "\n- ubuntu:24.04\n- ubuntu:latest"),
    ("{{json .Labels}}\t{{.Id}}", '{"a":"1","b":"2"}\tsha256:abcdef'),
    ("{{title .Text}}", "One Two-Three It'S"),
    ("{{html .Config.Cmd}}", "[/bin/sh -c echo &#34;hi&#34; &lt;x&gt;]"),
    ('{{urlquery "a b&c"}}', "a+b%26c"),
    ('{{printf "%v %v" .Nothing .Labels}}', "<nil> map[a:1 b:2]"),
    ('{{printf "%10.3f|%-8d|%+d" .Ratio 5 5}}', "     1.500|5       |+5"),
    ('{{printf "%5t|%-5v|" .Ok .Ok}}', " true|true |"),
    ('{{printf "%s %s" .Id}}', "sha256:abcdef %!s(MISSING)"),
    ('{{range $t := .Tags}}{{$t}}{{end}}{{len "é"}}', "ubuntu:24.04ubuntu:latest2"),
]

GO_REFUSES = [
    "{{if .Ok}}unclosed",
    "{{.Id",
    "{{nofunc .Id}}",
    "{{end}}",
    "{{else}}",
    "{{index .Tags 5}}",
    "{{.Id.Foo}}",
    "{{.Nothing.Foo}}",
]


@pytest.mark.parametrize(("template", "expected"), GO)
def test_prints_what_go_prints(template: str, expected: str) -> None:
    """Fields, pipelines, functions, blocks, variables, trimming and literals."""
    assert render(parse(template), DATA) == expected


@pytest.mark.parametrize("template", GO_REFUSES)
def test_refuses_what_go_refuses_in_one_line(template: str) -> None:
    """Broken syntax, unknown functions and impossible members are input errors, whose text is one line."""
    with pytest.raises(InvalidInput, match=r"^template: ") as caught:
        render(parse(template), DATA)
    assert "\n" not in str(caught.value)


def test_json_keeps_the_order_of_records_and_sorts_maps() -> None:
    """A Go struct is encoded in the order of its members, a map by its keys."""
    data = TemplateStruct(B=1, A={"z": 1, "y": 2})
    assert render(parse("{{json .}}"), data) == '{"B":1,"A":{"y":2,"z":1}}'


def test_a_missing_member_of_a_record_names_those_that_are_there() -> None:
    """A misspelt field says what could have been meant."""
    with pytest.raises(InvalidInput, match=r"no field \.Repo; there are \.Repository, \.Tag"):
        render(parse("{{.Repo}}"), TemplateStruct(Repository="x", Tag="y"))


def test_a_shown_value_prints_as_text_and_calculates_as_itself() -> None:
    """A size is printed for people, a text for json as in docker, and a number for comparisons and printf."""
    data = TemplateStruct(Size=Shown("7.34MB", 7340032))
    assert render(parse('{{.Size}} {{json .Size}} {{gt .Size 1000}} {{printf "%d" .Size}}'), data) == (
        '7.34MB "7.34MB" true 7340032'
    )


def test_dates_are_encoded_as_rfc_3339() -> None:
    """A date in a row can be read by any JSON reader."""
    data = TemplateStruct(At=datetime(2024, 5, 1, tzinfo=UTC))
    assert render(parse("{{json .At}}"), data) == '"2024-05-01T00:00:00+00:00"'


@pytest.mark.parametrize("template", ['{{define "x"}}{{end}}', '{{template "x"}}', '{{block "x" .}}{{end}}'])
def test_named_templates_are_refused(template: str) -> None:
    """Nobody uses them on a command line, and half of them would be worse than none."""
    with pytest.raises(InvalidInput, match="not supported"):
        parse(template)


HOSTILE = (
    "{{" + '"' * 80 + "}}",
    "{{" + '"' * 81,
    "{{" + "'" * 80 + "}}",
    "{{" + "`" * 81 + "}}",
    "{{" + "." * 100_000 + "}}",
    "{{" + "(" * 5000 + "1" + ")" * 5000 + "}}",
    "{{if 1}}" * 5000 + "{{end}}" * 5000,
    "{{if 0}}" + "{{else if 0}}" * 5000 + "{{end}}",
    "{{range 1000000000}}x{{end}}",
    "{{range 1000000000}}{{end}}",
    "{{range 100000}}{{range 100000}}{{end}}{{end}}",
    '{{printf "%2000000000d" 1}}',
    '{{printf "%.2000000000f" 1.5}}',
    '{{range 99}}{{printf "%999999d" 1}}{{end}}{{range 9999}}{{printf "%999999d" 1}}{{end}}',
    '{{$x := "ab"}}{{range 60}}{{$x = print $x $x}}{{end}}',
    '{{$x := "ab"}}{{range 60}}{{$x = printf "%s%s" $x $x}}{{end}}',
    '{{$x := "ab"}}{{range 60}}{{$x = println $x $x}}{{end}}',
    '{{$x := "ab"}}{{range 60}}{{$x = html $x "<" $x}}{{end}}',
    '{{$x := pad "a" 1000000 1}}{{join (split $x "") $x}}',
    '{{pad "a" 2000000000 0}}',
    '{{pad "a" 0 2000000000}}',
    r'{{"\x"}}',
    r'{{"\u12"}}',
    r'{{"\q"}}',
    r'{{"\ud800"}}',
    r"{{'\x'}}",
    "{{'ab'}}",
    "{{''}}",
    "{{" + "9" * 5000 + "}}",
    "{{1e999}}",
    "{{089}}",
    "{{1_}}",
    "{{index .Tags 99999999999999999999}}",
    "{{/* never closed",
    "{{/* never closed */",
    "{{}}",
    "{{-}}",
    "{{len 3}}",
    "{{len nil | index nil | len | len}}",
    "{{slice 3 1}}",
    '{{truncate "abc" "x"}}',
    "{{lt 1}}",
    "{{and}}",
    '{{join "abc" 3}}',
    "{{.Tags.x.y}}",
    "{{\x00}}",
    "{{\N{RIGHT-TO-LEFT OVERRIDE}}}",
)


@pytest.mark.parametrize("template", HOSTILE, ids=lambda template: ascii(template[:30]))
def test_a_hostile_template_is_refused_at_once_in_one_line(template: str) -> None:
    """Whatever it asks for: steps, text and depth are bounded."""
    began = time.process_time()
    with pytest.raises(InvalidInput) as caught:
        render(parse(template), DATA)
    assert "\n" not in str(caught.value)
    assert len(str(caught.value)) < 400
    assert time.process_time() - began < 5


@given(st.text(alphabet=st.sampled_from("{}-.|()\"'`$x1_ \\:=,/*%eifnd"), max_size=60))
def test_any_text_is_rendered_or_refused(text: str) -> None:
    """Nothing else comes of a template, whatever it is made of."""
    with contextlib.suppress(InvalidInput):
        render(parse("{{" + text), DATA)


@pytest.mark.parametrize(
    ("template", "expected"),
    [
        ("{{0123}} {{0x1F}} {{0b11}} {{0o17}} {{1_000}} {{-5}} {{.5}} {{1.}} {{1e3}}", "83 31 3 15 1000 -5 0.5 1 1000"),
        (r'{{"\x41\101\u00e9\U0001F600\a"}}', "AA\u00e9\U0001f600\a"),
        (r"{{'a'}} {{'\n'}} {{'\x41'}} {{'\''}}", "97 10 65 39"),
        ("a{{/* }} */}}b{{- /* c */ -}} d", "abd"),
        ('{{`}}`}} {{"}}"}}', "}} }}"),
        ("{{range 3}}x{{end}}", "xxx"),
        ('{{printf "%c%c%c%c" 55296 57343 99999999 65}}', "\ufffd\ufffd\ufffdA"),
    ],
)
def test_constants_are_gos(template: str, expected: str) -> None:
    """Numbers in all bases, escapes, characters, comments and quoted ends of actions."""
    assert render(parse(template), DATA) == expected
