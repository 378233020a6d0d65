r"""Cases of BuildKit's integration tests (moby/buildkit, frontend/dockerfile/dockerfile_*_test.go), named as there.

Each Dockerfile is told anew with a base that is made here; those whose point lies in a daemon, a gateway, Windows, a
cache in a registry, provenance, or several platforms at once have no counterpart. Many check themselves in a RUN.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import pytest
from build_harness import read

from dockmagic.builder.options import BuildSecret
from dockmagic.oci.errors import DockmagicError
from dockmagic.runtime.machine.tiers import choose

if TYPE_CHECKING:
    from collections.abc import Mapping

    from build_harness import Builder


class Case(NamedTuple):
    """One of them.

    Attributes:
        name: the function's there.
        dockerfile: the text.
        files: of the context.
        holds: files of the result and their texts.
        error: what the error says, of a build that fails.
        options: of the build.
        ids: whether programs in it must see several owners, or be one of several users.
    """

    name: str
    dockerfile: str
    files: Mapping[str, str] = {}
    holds: Mapping[str, str] = {}
    error: str = ""
    options: Mapping[str, Any] = {}
    ids: bool = False


_USERS = r"""
RUN printf 'daemon:x:1:1::/:/bin/false\nuser01:x:1002:1002::/:/bin/sh\n' >> /etc/passwd \
 && printf 'daemon:x:1:\nnobody:x:99:\nwheel:x:10:root\nuser01:x:1002:\n' >> /etc/group
"""
_OWNED = """
FROM base AS source
RUN touch /file && chown 100:200 /file && mkdir -p /dir/subdir && touch /dir/subdir/nested \
 && chown 100:200 /dir && chown 101:201 /dir/subdir && chown 102:202 /dir/subdir/nested
FROM base AS test
RUN mkdir -p /existing/sub && touch /existing/file && chown 500:600 /existing && chown 501:601 /existing/*
"""
_SOURCES = """
FROM base AS base0
WORKDIR /test
RUN mkdir -p a/b/c/d/e a/b2/c/d/e a/b/c2/d/e a/b/c2/d/e2
RUN touch a/b/c/d/foo a/b/c/d/e/bay a/b2/c/d/e/bar a/b/c2/d/e/baz a/b/c2/d/e2/baz
FROM base
"""
_SECRET = {"secrets": (BuildSecret("mysecret", b"pw"),)}

CASES = (
    # dockerfile_copy_test.go
    Case("CopyFromArgs", "FROM scratch\nCOPY --from=$FOO . .", error="variable expansion is not supported for --from"),
    Case("EmptyDestDir", 'FROM scratch\nENV empty=""\nCOPY f $empty', {"f": "0"}, {"/f": "0"}),
    Case("PreserveDestDirSlash", "FROM scratch\nCOPY f /sample/", {"f": "0"}, {"/sample/f": "0"}),
    Case("CopyLinkDotDestDir", "FROM scratch\nWORKDIR /var/www\nCOPY --link f .", {"f": "0"}, {"/var/www/f": "0"}),
    Case(
        "CopyLinkEmptyDestDir",
        'FROM scratch\nWORKDIR /var/www\nENV empty=""\nCOPY --link f $empty',
        {"f": "0"},
        {"/var/www/f": "0"},
    ),
    Case(
        "CopyChownExistingDir",
        _OWNED + "COPY --from=source /file .\nCOPY --from=source /dir /dir\nCOPY --from=source /dir/. /existing\n"
        "RUN stat -c %u:%g /file /dir /dir/subdir /dir/subdir/nested > /one"
        " && stat -c %u:%g /existing /existing/sub /existing/file /existing/subdir /existing/subdir/nested > /two",
        holds={
            "/one": "100:200\n0:0\n101:201\n102:202\n",
            "/two": "500:600\n501:601\n501:601\n101:201\n102:202\n",
        },
        ids=True,
    ),
    Case(
        "CopyChownExistingDir (chowned)",
        _OWNED + "COPY --from=source --chown=300:400 /file .\nCOPY --from=source --chown=300:400 /dir /dir\n"
        "COPY --from=source --chown=300:400 /dir/. /existing\n"
        "RUN stat -c %u:%g /file /dir /dir/subdir /dir/subdir/nested > /one"
        " && stat -c %u:%g /existing /existing/sub /existing/file /existing/subdir /existing/subdir/nested > /two",
        holds={"/one": "300:400\n" * 4, "/two": "500:600\n501:601\n501:601\n300:400\n300:400\n"},
        ids=True,
    ),
    Case("EmptyWildcard", "FROM scratch\nCOPY foo nomatch* /", {"foo": "0"}, {"/foo": "0"}),
    Case(
        "CopyChownCreateDest",
        f"FROM base{_USERS}ARG group\nENV owner user01\nCOPY --chown=user:user . /dest\n"
        "COPY --chown=${owner}:${group} . /dest01\nRUN stat -c %U:%G /dest /dest01 > /out",
        {"f": ""},
        {"/out": "user:user\nuser01:user\n"},
        options={"build_args": {"group": "user"}},
        ids=True,
    ),
    Case(
        "CopyThroughSymlinkMultiStage",
        "FROM base AS build\nRUN mkdir -p /out/sub && ln -s /out/sub /sub && ln -s out/sub /sub2 && echo data > "
        "/sub/foo\n"
        "FROM scratch\nCOPY --from=build /sub/foo .\nCOPY --from=build /sub2/foo bar",
        holds={"/foo": "data\n", "/bar": "data\n"},
    ),
    Case(
        "CopyChown",
        f"FROM base{_USERS}ENV owner 1000\nCOPY --chown=daemon foo /\nCOPY --chown=1000:nobody bar /baz\nARG group\n"
        "COPY --chown=${owner}:${group} foo /foobis\n"
        "RUN stat -c %U:%G /foo > /out && stat -c %u:%G /baz/sub /foobis >> /out",
        {"foo": "", "bar/sub": ""},
        {"/out": "daemon:daemon\n1000:nobody\n1000:nobody\n"},
        options={"build_args": {"group": "nobody"}},
        ids=True,
    ),
    Case(
        "CopyChmod",
        "FROM base\nCOPY --chmod=0644 foo /\nCOPY --chmod=777 bar /baz\nCOPY --chmod=0 foo /foobis\n"
        "COPY --chmod=777 foo /parent/foo\nCOPY --chmod=770 foo /parent/sub/foo\nARG mode\n"
        "COPY --chmod=${mode} foo /footer\n"
        "RUN stat -c %04a /foo /baz /foobis /parent /parent/sub /footer > /out",
        {"foo": "", "bar": ""},
        {"/out": "0644\n0777\n0000\n0777\n0770\n0755\n"},
        options={"build_args": {"mode": "755"}},
    ),
    *(
        Case(
            f"{verb}InvalidChmod ({mode})",
            f"FROM scratch\n{verb.upper()} --chmod={mode} f /",
            {"f": ""},
            error=f"invalid chmod parameter: '{mode}'. it should be octal string and between 0 and 07777",
        )
        for verb in ("Copy", "Add")
        for mode in ("64a", "10000")
    ),
    Case(
        "CopyOverrideFiles",
        "FROM scratch\nCOPY sub sub\nCOPY sub sub\nCOPY files/foo.go dest/foo.go\nCOPY files/foo.go dest/foo.go\n"
        "COPY files dest",
        {"sub/dir1/dir2/foo": "foo", "files/foo.go": "go"},
        {"/sub/dir1/dir2/foo": "foo", "/dest/foo.go": "go"},
    ),
    Case("CopyVarSubstitution", "FROM scratch\nENV FOO bar\nCOPY $FOO baz", {"bar": "b"}, {"/baz": "b"}),
    Case(
        "CopyWildcards",
        "FROM scratch\nCOPY *.go /gofiles/\nCOPY f*.go foo2.go\nCOPY sub/* /subdest/\n"
        "COPY sub/*/dir2/foo /subdest2/\nCOPY sub/*/dir2/foo /subdest3/bar\nCOPY . all/\nCOPY sub/dir1/ subdest4\n"
        "COPY sub/dir1/. subdest5\nCOPY sub/dir1 subdest6",
        {"foo.go": "f", "bar.go": "b", "sub/dir1/dir2/foo": "s"},
        {
            "/gofiles/foo.go": "f",
            "/gofiles/bar.go": "b",
            "/foo2.go": "f",
            "/subdest/dir2/foo": "s",
            "/subdest2/foo": "s",
            "/subdest3/bar": "s",
            "/all/foo.go": "f",
            "/subdest4/dir2/foo": "s",
            "/subdest5/dir2/foo": "s",
            "/subdest6/dir2/foo": "s",
        },
    ),
    Case(
        "CopyRelative",
        "FROM scratch\nWORKDIR /test1\nWORKDIR test2\nCOPY foo ./\nADD foo ./bar/baz\nCOPY foo ./bar/baz2\nWORKDIR ..\n"
        "COPY foo ./\nCOPY foo /test3/\nWORKDIR /test4\nCOPY . .\nWORKDIR /test5/test6\nCOPY foo ../",
        {"foo": "h"},
        dict.fromkeys(
            (
                "/test1/test2/foo",
                "/test1/test2/bar/baz",
                "/test1/test2/bar/baz2",
                "/test1/foo",
                "/test3/foo",
                "/test4/foo",
                "/test5/foo",
            ),
            "h",
        ),
    ),
    Case(
        "CopyUnicodePath",
        "FROM scratch\nCOPY test-äöü.txt /\nCOPY test-%C3%A4.txt /\nCOPY test+aou.txt /",
        {"test-äöü.txt": "1", "test-%C3%A4.txt": "2", "test+aou.txt": "3"},
        {"/test-äöü.txt": "1", "/test-%C3%A4.txt": "2", "/test+aou.txt": "3"},
    ),
    *(
        Case(
            f"ChmodNonOctal ({mode})",
            "FROM base AS base0\nRUN mkdir -p /in/dir /want && touch /in/f && chmod 666 /in/f && chmod 124 /in/dir\n"
            f"FROM base0\nRUN cp -a /in/. /want && chmod {mode} /want/f /want/dir\n"
            f"COPY --from=base0 --chmod={mode} /in/ /got/\n"
            "RUN for n in f dir; do [ $(stat -c %A /got/$n) = $(stat -c %A /want/$n) ] || exit 1; done",
        )
        for mode in ("go-w", "u=rw,g=r,o=r", "a+X", "u+rw,g+r,o-x,o+w")
    ),
    # dockerfile_parents_test.go
    *(
        Case(f"CopyRelativeParents ({sources})", f"{_SOURCES}COPY --from=base0 --parents {sources} /out/\nRUN {checks}")
        for sources, checks in {
            "/test/a/b/./c/d": "[ -d /out/c/d/e ] && [ -f /out/c/d/foo ] && [ ! -d /out/a ] && [ ! -d /out/e ]",
            "/test/a/b/c/d/.": "[ -d /out/test/a/b/c/d/e ] && [ -f /out/test/a/b/c/d/foo ]",
            "./test/a/b/c/d": "[ -d /out/test/a/b/c/d/e ] && [ -f /out/test/a/b/c/d/foo ]",
            "/test/a/./b/./c": "[ -d /out/b/c/d/e ] && [ -f /out/b/c/d/foo ]",
            "/test/a/./*/c": "[ -d /out/b/c/d/e ] && [ -f /out/b2/c/d/e/bar ]",
            "/test/a/b*/./c/**/e": "[ -d /out/c/d/e ] && [ -f /out/c/d/e/bay ] && [ -f /out/c/d/e/bar ]",
            "/test/a/b/c*/./d/**/baz /test/a/b*/./c/**/bar": "[ -f /out/d/e/baz ] && [ ! -f /out/d/e/bay ]"
            " && [ -f /out/d/e2/baz ] && [ -f /out/c/d/e/bar ]",
            "/test/a/b3*/c": "[ -d /out ] && [ ! -d /out/a ]",
            "/test/a/b/./c3*": "[ -d /out ] && [ ! -d /out/a ]",
        }.items()
    ),
    Case(
        "CopyParentsMissingDirectory",
        _SOURCES + "COPY --from=base0 --parents /test/nonexistent-file /out/",
        error="nonexistent-file",
    ),
    # exclude_patterns_test.go
    Case(
        "ExcludedFilesOnCopy",
        "FROM scratch\nCOPY --exclude=*/*.png . /1\nADD --exclude=*.mp3 dir3/ /3/\n"
        "COPY --exclude=*.mp3 --exclude=*.png dir* /4/\nADD --exclude=* dir* /6",
        {"dir1/a.png": "", "dir1/b.txt": "b", "dir3/c.mp3": "", "dir3/d.mpeg": "d"},
        {"/1/dir1/b.txt": "b", "/1/dir3/c.mp3": "", "/3/d.mpeg": "d", "/4/b.txt": "b", "/4/d.mpeg": "d"},
    ),
    # dockerfile_core_test.go
    Case("DockerfileDirs", "FROM base\nCOPY foo /foo2\nCOPY foo /\nRUN cmp -s foo foo2", {"foo": "x"}),
    Case(
        "User",
        'FROM base\nRUN [ "$(id -u):$(id -g)" = 0:0 ]\nUSER root\n'
        "RUN echo dockerio:x:1001:1001::/bin:/bin/false >> /etc/passwd && echo dockerio:x:1001: >> /etc/group"
        " && echo supplementary:x:1002:dockerio >> /etc/group\n"
        + "".join(
            f"USER {user}\nRUN echo $(id -u):$(id -g):$(id -G)\nRUN [ \"$(id -u):$(id -g)/$(id -G)\" = '{ids}' ]\n"
            for user, ids in {
                "dockerio": "1001:1001/1001 1002",
                "1001": "1001:1001/1001 1002",
                "dockerio:dockerio": "1001:1001/1001",
                "1001:dockerio": "1001:1001/1001",
                "dockerio:1001": "1001:1001/1001",
                "1001:1001": "1001:1001/1001",
                "dockerio:supplementary": "1001:1002/1002",
                "1001:1002": "1001:1002/1002",
                "1042:1043": "1042:1043/1043",
                "1234": "1234:0/0",
            }.items()
        ),
        ids=True,
    ),
    Case(
        "TargetMistype",
        "FROM scratch AS build\nCOPY Dockerfile /out\nFROM scratch\nCOPY --from=build /out /",
        error="bulid",
        options={"target": "bulid"},
    ),
    # dockerfile_args_test.go
    Case(
        "GlobalArg",
        "ARG name=nosuch\nFROM ${name}\nRUN true",
        options={"build_args": {"name": "base"}},
    ),
    Case("GlobalArgErrors", 'ARG FOO=${FOO:?"custom error"}\nFROM scratch', error="FOO: custom error"),
    Case(
        "GlobalArgErrors (given)",
        'ARG FOO=${FOO:?"custom error"}\nFROM scratch\nCOPY f /',
        {"f": ""},
        options={"build_args": {"FOO": "bar"}},
    ),
    Case(
        "UndeclaredArg",
        "FROM --platform=$BULIDPLATFORM scratch\nCOPY f /",
        error=r"empty platform value from expression \$BULIDPLATFORM \(did you mean BUILDPLATFORM\?\)",
    ),
    Case(
        "UndeclaredArg (in part)",
        "ARG MY_ARCH=amd64\nFROM --platform=linux/${MYARCH} scratch\nCOPY f /",
        error=r"failed to parse platform linux/.*\(did you mean MY_ARCH\?\)",
    ),
    Case("ArgDefaultExpansion", 'FROM scratch\nARG FOO\nARG BAR=${FOO:?"foo missing"}', error="FOO: foo missing"),
    Case(
        "ArgDefaultExpansion (given itself)",
        'FROM scratch\nARG FOO\nARG BAR=${FOO:?"foo missing"}\nCOPY f /',
        {"f": ""},
        options={"build_args": {"BAR": "123"}},
    ),
    Case(
        "MultiArgs",
        'ARG a1="foo bar" a2=se\nARG a3="$a2-foo"\nFROM ba$a2\nARG a3 a4="123 456" a1\nRUN echo "$a1:$a3:$a4" > /out',
        holds={"/out": "foo bar:se-foo:123 456\n"},
    ),
    Case(
        "QuotedMetaArgs",
        'ARG a1="se"\nARG a2="$a1-foo"\nFROM ba$a1\nARG a2\nARG a3="bar-$a2"\nRUN echo $a3 > /out',
        holds={"/out": "bar-se-foo\n"},
    ),
    *(
        Case(
            f"TargetStageNameArg ({target or 'default'})",
            'FROM base AS base0\nRUN echo "value:$TARGETSTAGE" > /first\nARG TARGETSTAGE\n'
            'RUN echo "value:$TARGETSTAGE" > /second\nFROM scratch AS foo\nCOPY --from=base0 /first /second /\n'
            "FROM scratch\nCOPY --from=base0 /first /second /",
            holds={"/first": "value:\n", "/second": f"value:{target or 'default'}\n"},
            options={"target": target},
        )
        for target in ("foo", "")
    ),
    Case(
        "BuiltinArgs",
        "FROM base\nARG FOO\nARG BAR\nARG BAZ=bazcontent\nRUN echo $HTTP_PROXY::$NO_PROXY::$FOO::$BAR::$BAZ > /out",
        holds={"/out": "hpvalue::npvalue::foocontents::::bazcontent\n"},
        options={"build_args": {"FOO": "foocontents", "http_proxy": "hpvalue", "NO_PROXY": "npvalue"}},
    ),
    *(
        Case(
            f"DefaultEnvWithArgs ({given})",
            'ARG image=idlebase\nFROM ${image#idle}\nARG my_arg\nENV my_arg "my_arg=${my_arg:-def_val}"\n'
            'ENV my_trimmed_arg "${my_arg%%e*}"\nRUN echo $my_arg $my_trimmed_arg > /out',
            holds={"/out": expected},
            options={"build_args": {} if given is None else {"my_arg": given}},
        )
        for given, expected in {
            None: "my_arg=def_val my_arg=d\n",
            "": "my_arg=def_val my_arg=d\n",
            "override": "my_arg=override my_arg=ov\n",
        }.items()
    ),
    Case("EmptyStringArgInEnv", "FROM base\nARG FOO\nARG BAR=\nRUN env | grep -q ^BAR= && ! env | grep -q ^FOO="),
    Case("EnvEmptyFormatting", "FROM base\nENV myenv foo%sbar\nRUN [ \"$myenv\" = 'foo%sbar' ]"),
    # dockerfile_cmd_test.go
    Case("IgnoreEntrypoint", 'FROM base\nENTRYPOINT ["/nosuchcmd"]\nRUN ["ls"]'),
    Case("InvalidJSONCommands", 'FROM base\nRUN ["echo", "hello"]this is invalid', error="this is invalid"),
    Case("DockerfileInvalidCommand", "FROM base\nRUN invalidcmd", error="did not complete successfully"),
    Case("DockerfileInvalidInstruction", 'FROM scratch\nFNTRYPOINT ["/bin/sh"]', error="unknown instruction"),
    # dockerfile_heredoc_test.go
    Case(
        "CopyHeredoc",
        f"FROM base{_USERS}COPY --chmod=777 <<EOF /all\ndummy\nEOF\nCOPY --chown=user:user <<EOF /owned\ndummy\nEOF\n"
        "RUN stat -c %04a /all > /out && stat -c %U:%G /owned >> /out",
        holds={"/out": "0777\nuser:user\n"},
        ids=True,
    ),
    Case(
        "CopyHeredocSpecialSymbols",
        'FROM scratch\nCOPY <<EOF q\n"quotes in file"\nEOF\nCOPY <<EOF s1\n\\\nEOF\nCOPY <<EOF s2\n\\\\\nEOF\n'
        'COPY <<EOF s3\n\\$\nEOF\nCOPY <<"EOF" r1\n\\\nEOF\nCOPY <<"EOF" r2\n\\\\\nEOF\nCOPY <<"EOF" r3\n\\$\nEOF\n',
        holds={
            "/q": '"quotes in file"\n',
            "/s1": "\n",
            "/s2": "\\\n",
            "/s3": "$\n",
            "/r1": "\\\n",
            "/r2": "\\\\\n",
            "/r3": "\\$\n",
        },
    ),
    Case(
        "RunFakeHeredoc",
        'FROM base\nSHELL ["/bin/awk"]\nRUN <<EOF\nBEGIN {\n\tprint "foo" > "/dest"\n}\nEOF',
        holds={"/dest": "foo\n"},
    ),
    Case(
        "RunShebangHeredoc",
        'FROM base\nWORKDIR /dest\nRUN <<EOF\n#!/bin/awk -f\nBEGIN {\n\tprint "hello" >> "./out1"\n}\nEOF\n'
        'RUN <<-EOF\n\t#!/bin/awk -f\n\tBEGIN {\n\t\tprint "hello" >> "./out2"\n\t}\nEOF',
        holds={"/dest/out1": "hello\n", "/dest/out2": "hello\n"},
    ),
    Case(
        "RunComplexHeredoc",
        "FROM base\nRUN cat <<EOF1 | tr '[:upper:]' '[:lower:]' > /out1; \\\n"
        "\tcat <<EOF2 | tr '[:lower:]' '[:upper:]' > /out2\n"
        "hello WORLD\nEOF1\nHELLO world\nEOF2\n"
        'RUN <<EOF 3<<IN1 awk -f -\nBEGIN {\n\twhile ((getline line < "/proc/self/fd/3") > 0)\n'
        '\t\tprint tolower(line) > "/fd3"\n}\nEOF\nhello WORLD\nIN1\n',
        holds={"/out1": "hello world\n", "/out2": "HELLO WORLD\n", "/fd3": "hello world\n"},
    ),
    Case(
        "HeredocIndent",
        'FROM base\nCOPY <<EOF /a\n\tfoo\nEOF\nCOPY <<-EOF /b\n\tbar\nEOF\nRUN <<EOF\necho "\n\tfoo" > /c\nEOF\n'
        'RUN <<-EOF\necho "\n\tbar" > /d\nEOF\nRUN <<-EOF sh > /e\necho "\n\tbar"\nEOF\n',
        holds={"/a": "\tfoo\n", "/b": "bar\n", "/c": "\n\tfoo\n", "/d": "\nbar\n", "/e": "\nbar\n"},
    ),
    Case(
        "HeredocVarSubstitution",
        "FROM base\nARG name=world\nCOPY <<EOF /c1\nHello ${name}!\nEOF\nCOPY <<'EOF' /c2\nHello ${name}!\nEOF\n"
        "COPY <<EOF /q1\nHello '${name}'!\nEOF\nCOPY <<EOF /q2\nHello \"${name}\"!\nEOF\n"
        'COPY <<"EOF" /q3\nHello "${name}"!\nEOF\n'
        'RUN <<EOF\ngreeting="Hello"\necho "${greeting} ${name}!" > /r1\nEOF\n'
        'RUN <<EOF\nname="new world"\necho "Hello ${name}!" > /r2\nEOF\n',
        holds={
            "/c1": "Hello world!\n",
            "/c2": "Hello ${name}!\n",
            "/q1": "Hello 'world'!\n",
            "/q2": 'Hello "world"!\n',
            "/q3": 'Hello "${name}"!\n',
            "/r1": "Hello world!\n",
            "/r2": "Hello new world!\n",
        },
    ),
    # dockerfile_mount_test.go
    Case("MountContext", 'FROM base\nRUN --mount=target=/context [ "$(cat /context/f)" = "0" ]', {"f": "0"}),
    Case("MountTmpfs", "FROM base\nRUN --mount=target=/mytmp,type=tmpfs touch /mytmp/foo\nRUN [ ! -f /mytmp/foo ]"),
    Case("MountInvalid", "FROM scratch\nRUN --mont=target=/mytmp,type=tmpfs /bin/true", error="mont"),
    Case("MountInvalid (key)", "FROM scratch\nRUN --mount=typ=tmpfs /bin/true", error="typ"),
    Case("MountInvalid (type)", "FROM scratch\nRUN --mount=type=tmp /bin/true", error="tmp"),
    Case(
        "CacheMountUser",
        'FROM base\nRUN --mount=type=cache,target=/c,uid=1001,gid=1002,mode=0751 [ "$(stat -c "%u %g %f" /c)" = '
        '"1001 1002 41e9" ]',
        ids=True,
    ),
    Case(
        "CacheMountDefaultID",
        "FROM base\nRUN --mount=type=cache,target=/c1 touch /c1/foo\n"
        "RUN --mount=type=cache,target=/c2 [ ! -f /c2/foo ]\n"
        "RUN --mount=type=cache,target=/c1 [ -f /c1/foo ]",
    ),
    Case(
        "MountEnvVar",
        "FROM base\nENV SOME=/c3\nRUN --mount=type=cache,target=/c3 touch /c3/foo\n"
        "RUN --mount=type=cache,target=$SOME [ -f $SOME/foo ]",
    ),
    Case(
        "MountArg",
        "FROM base\nARG T=cache\nRUN --mount=type=$T,target=/c4 touch /c4/foo\n"
        "RUN --mount=type=cache,target=/c4 [ -f /c4/foo ]",
    ),
    Case(
        "MountEnvAcrossStages",
        "FROM base AS stage1\nENV ID=mycache\nENV T=cache\nRUN --mount=type=cache,id=mycache,target=/a touch /a/foo\n"
        "RUN --mount=type=$T,id=$ID,target=/b [ -f /b/foo ]\nFROM stage1\n"
        "RUN --mount=type=$T,id=$ID,target=/w [ -f /w/foo ]",
    ),
    Case(
        "MountMetaArg",
        "ARG P=/tmp/meta\nFROM base\nARG P\nRUN --mount=type=cache,id=m,target=/tmp/meta touch /tmp/meta/foo\n"
        "RUN --mount=type=cache,id=m,target=$P [ -f /tmp/meta/foo ]",
    ),
    Case(
        "MountFromError",
        "FROM base AS test\nRUN touch /tmp/test\nFROM base\nENV ttt=test\n"
        "RUN --mount=from=$ttt,type=cache,target=/tmp ls",
        error="'from' doesn't support variable expansion",
    ),
    Case(
        "MountDuplicate",
        "FROM base\nRUN --mount=source=.,target=/tmp/test --mount=source=b.txt,target=/tmp/b.txt cat "
        "/tmp/test/a.txt /tmp/b.txt > /c",
        {"a.txt": "foo\n", "b.txt": "bar\n"},
        {"/c": "foo\nbar\n"},
    ),
    Case(
        "CacheMountParallel",
        "FROM base AS b1\nRUN --mount=type=cache,target=/f/b --mount=type=cache,target=/f/b/z echo 1\n"
        "FROM base AS b2\nRUN --mount=type=cache,target=/f/b --mount=type=cache,target=/f/b/z echo 2\n"
        "FROM scratch\nCOPY --from=b1 /etc/passwd p1\nCOPY --from=b2 /etc/passwd p2",
        options={"no_cache": True},
    ),
    Case(
        "CacheMountSourceEscape",
        "FROM base AS init\nRUN --mount=type=cache,id=esc,target=/c mkdir -p /c/sel && echo benign > /c/sel/x\n"
        "FROM init AS link\nRUN --mount=type=cache,id=esc,target=/c rm -rf /c/sel && ln -s /etc /c/sel\n"
        "FROM link AS victim\nRUN --mount=type=cache,id=esc,source=sel,target=/victim cat /victim/hostname",
        error="did not complete",
    ),
    # dockerfile_multistage_test.go
    Case(
        "MultiStageImplicitFrom (masked)",
        "FROM scratch AS golang\nCOPY go /usr/bin/go\nFROM scratch\nCOPY --from=golang /usr/bin/go go",
        {"go": "foo"},
        {"/go": "foo"},
    ),
    Case(
        "MultiStageCaseInsensitive",
        "FROM scratch AS STAge0\nCOPY foo bar\nFROM scratch AS staGE1\nCOPY --from=staGE0 bar baz\nFROM scratch\n"
        "COPY --from=stage1 baz bax",
        {"foo": "f"},
        {"/baz": "f"},
        options={"target": "Stage1"},
    ),
    *(
        Case(
            f"OutOfOrderStage ({source})",
            f"FROM base AS target\nCOPY --from=build {source} /out\nFROM base AS build\nCOPY Dockerfile /d2\n"
            f"FROM target",
            {"Dockerfile": ""},
            error="before",
        )
        for source in ("/", "/d2")
    ),
    Case("EmptyStages", "ARG foo=bar", error="dockerfile contains no stages to build"),
    # dockerfile_onbuild_test.go
    Case(
        "OnBuildInheritedStageRun",
        "FROM base AS base0\nONBUILD RUN mkdir -p /out && echo 11 >> /out/foo\nFROM base0 AS mid\n"
        "RUN cp /out/foo /out/bar\n"
        "FROM scratch\nCOPY --from=mid /out/bar /",
        holds={"/bar": "11\n"},
    ),
    Case(
        "OnBuildInheritedStageWithFrom",
        "FROM base AS src\nRUN mkdir -p /in && echo 12 > /in/file\nFROM base AS base0\n"
        "ONBUILD COPY --from=src /in/file /out/foo\nFROM base0 AS mid\nRUN cp /out/foo /out/bar\nFROM scratch\n"
        "COPY --from=mid /out/bar /",
        holds={"/bar": "12\n"},
    ),
    # dockerfile_platform_test.go
    Case(
        "PlatformArgsImplicit",
        "FROM scratch AS build-linux\nCOPY foo bar\nFROM build-${TARGETOS}\nCOPY foo2 bar2",
        {"foo": "d0", "foo2": "d1"},
        {"/bar": "d0", "/bar2": "d1"},
    ),
    Case(
        "PlatformArgsExplicit",
        "FROM --platform=$BUILDPLATFORM base AS build\nARG TARGETPLATFORM\nARG TARGETOS\nRUN echo $TARGETOS > /out\n"
        "FROM scratch\nCOPY --from=build out .",
        holds={"/out": "freebsd\n"},
        options={"build_args": {"TARGETOS": "freebsd"}},
    ),
    # dockerfile_dockerignore_test.go
    Case(
        "Dockerignore",
        "FROM base\nCOPY . /x\nRUN cd /x && [ -f foo ] && [ -f bay ] && [ ! -e bar ] && [ ! -e baz ] && [ ! -e "
        ".dockerignore ]",
        {"foo": "", "bar": "", "baz": "", "bay": "", ".dockerignore": "\nba*\nDockerfile\n!bay\n.dockerignore\n"},
    ),
    Case("DockerignoreInvalid", "FROM scratch\nCOPY . .", {".dockerignore": "!\n"}, error="!"),
    # dockerfile_workdir_test.go
    Case(
        "WorkdirUser",
        'FROM base\nUSER user\nWORKDIR /mydir\nRUN [ "$(stat -c "%U %G" /mydir)" = "user user" ]',
        ids=True,
    ),
    Case(
        "WorkdirCopyIgnoreRelative",
        "FROM scratch AS base0\nWORKDIR /foo\nCOPY f /\nFROM scratch\nCOPY --from=base0 f .",
        {"f": "f"},
        {"/f": "f"},
    ),
    Case(
        "WorkdirExists",
        'FROM base\nRUN mkdir /d && chown user:user /d\nWORKDIR /d\nRUN [ "$(stat -c "%U %G" /d)" = "user user" ]',
        ids=True,
    ),
    # dockerfile_secrets_test.go
    Case(
        "SecretFileParams",
        "FROM base\nRUN --mount=type=secret,required=false,mode=741,uid=100,gid=102,target=/mysecret"
        ' [ "$(stat -c "%u %g %f" /mysecret)" = "100 102 81e1" ]\nRUN [ ! -f /mysecret ]',
        options=_SECRET,
        ids=True,
    ),
    Case(
        "SecretRequiredWithoutValue",
        "FROM base\nRUN --mount=type=secret,required,id=mysecret foo",
        error="mysecret",
    ),
    Case(
        "SecretAsEnviron",
        "FROM base\nENV SECRET_ENV=foo\nRUN --mount=type=secret,id=mysecret,env=SECRET_ENV"
        ' [ "$SECRET_ENV" = "pw" ] && [ ! -f /run/secrets/mysecret ]',
        options=_SECRET,
    ),
    Case(
        "SecretAsEnvironWithFileMount",
        "FROM base\nRUN --mount=type=secret,id=mysecret,target=/run/secrets/secret,env=SECRET_ENV"
        ' [ "$SECRET_ENV" = "pw" ] && [ -f /run/secrets/secret ]',
        options=_SECRET,
    ),
)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_it_goes_as_with_buildkit(request: pytest.FixtureRequest, case: Case) -> None:
    """The same files come of it, or the same refusal."""
    runs = "RUN" in case.dockerfile or "FROM base" in case.dockerfile
    builder: Builder = request.getfixturevalue("make" if runs else "plain")
    if case.ids and not choose(builder.store.home).keeps_owners:
        pytest.skip("needs several user ids")
    if case.error:
        with pytest.raises(DockmagicError, match=case.error):
            builder(case.dockerfile, case.files, **case.options)
        return
    image = builder(case.dockerfile, case.files, **case.options).image
    assert {path: read(image, path) for path in case.holds} == case.holds
