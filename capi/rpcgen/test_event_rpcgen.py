"""The input language and the command line of event_rpcgen.py. What the C code does is tested in c-tests/rpcgen."""
import contextlib
import io
import os
import tempfile
import unittest

import event_rpcgen


def members(text):
    structs, _ = event_rpcgen.read(text)
    return {s.name: [(m.name, m.tag, type(m).__name__, m.type.ctype) for m in s.members] for s in structs}


class Language(unittest.TestCase):
    def refuses(self, text, line, words):
        with self.assertRaises(event_rpcgen.Problem) as caught:
            event_rpcgen.read(text)
        self.assertIn(words, str(caught.exception))
        self.assertEqual(caught.exception.line, line)

    def test_types(self):
        found = members(
            "struct a {\n int i = 1; int64 l = 0x2;\n string s = 3; bytes b = 4; bytes f[4] = 5;\n"
            " struct[a] r = 6; array struct[a] rs = 7; optional int o = 8 }"
        )
        self.assertEqual(
            found["a"],
            [
                ("i", 1, "NumberMember", "ev_uint32_t"),
                ("l", 2, "NumberMember", "ev_uint64_t"),
                ("s", 3, "TextMember", "char *"),
                ("b", 4, "BytesMember", "ev_uint8_t *"),
                ("f", 5, "FixedMember", "ev_uint8_t"),
                ("r", 6, "MessageMember", "struct a*"),
                ("rs", 7, "Array", "struct a*"),
                ("o", 8, "NumberMember", "ev_uint32_t"),
            ],
        )

    def test_form_is_free(self):
        want = members("struct a { int i = 1; }\nstruct b { }")
        for text in (
            "struct a{int i=1;}struct b{}",
            "struct a\n{\n int\n i\n =\n 1\n ;;\n};\nstruct b { };",
            "struct a { // {\n int /* x = 9; */ i = 1; /* \n } */ }\nstruct /**/ b { }//",
            "struct a {\r\n int i = 1;\r\n}\r\nstruct b { }\r\n",
        ):
            self.assertEqual(members(text), want, text)

    def test_preprocessor_lines(self):
        _, source = event_rpcgen.read(
            '#include "a//b.h" // why\n#define N 3 /* three */\n# define M \\\n  4\n#ifdef X\n#include <y.h>\n#endif\n'
            "struct a { bytes f[N + (M)] = 1; }"
        )
        self.assertEqual(source.to_header, ["#define N 3", "# define M \\\n  4"])
        self.assertEqual(source.to_code, ['#include "a//b.h"', "#ifdef X", "#include <y.h>", "#endif"])

    def test_structs_of_other_files_need_an_include(self):
        self.refuses("struct a {\n struct[b] x = 1; }", 2, "no struct b")
        structs, _ = event_rpcgen.read('#include "b.gen.h"\nstruct a { struct[b] x = 1; }')
        self.assertFalse(structs[0].members[0].type.here)

    def test_mistakes_are_told_with_their_line(self):
        for text, line, words in (
            ("struct a {\n int x = 1;\n int y = 1;\n}", 3, "same tag"),
            ("struct a {\n int x = 1;\n int X = 2;\n}", 3, "same name"),
            ("struct a { int max_tags = 1; }", 1, "taken"),
            ("struct a { }\nstruct a { }", 2, "already"),
            ("struct a {\n float x = 1; }", 2, "no type"),
            ("struct a { int x[3] = 1; }", 1, "only bytes"),
            ("struct a { bytes x[] = 1; }", 1, "needs a length"),
            ("struct a { array bytes x = 1; }", 1, "no arrays of bytes"),
            ("struct a { optional array int x = 1; }", 1, "optional by itself"),
            ("struct a { array array int x = 1; }", 1, "stands twice"),
            ("struct a { int x; }", 1, "expected '='"),
            ("struct a { int x = y; }", 1, "tag's number"),
            ("struct a { int x = 010; }", 1, "no number"),
            ("struct a { int x = 4294967296; }", 1, "no number"),
            ("struct a { int x = 1 int y = 2; }", 1, "expected ';'"),
            ("struct a { int x = 1;", 1, "end of file"),
            ("struct a { struct[1] x = 1; }", 1, "no name of a struct"),
            ("struct a { struct x = 1; }", 1, "[NAME]"),
            ("int x = 1;", 1, "expected 'struct'"),
            ("struct a { }\n\n/* no end", 3, "no end"),
            ("struct a {\n#define X\n}", 2, "inside a struct"),
            ("#pragma once", 1, "cannot use"),
            ("struct a { int x = -1; }", 1, "cannot read"),
            ("struct 1a { }", 1, "name"),
        ):
            self.refuses(text, line, words)

    def test_any_text_is_read_or_refused(self):
        good = "struct a { optional bytes f[N] = 0x1; array struct[a] r = 2; } // c\n#define N 3\n/* c */"
        for at in range(len(good)):
            for piece in ("", "{", "}", "[", "]", ";", "=", "struct", '"', "/*", "//", "#", "\0", "\u20ac", "\\"):
                for text in (good[:at] + piece, good[:at] + piece + good[at:], good[:at] + piece + good[at + 1:]):
                    try:
                        structs, source = event_rpcgen.read(text)
                        event_rpcgen.header_text(structs, source, "x")
                        event_rpcgen.code_text(structs, source, "x", "x.h")
                    except event_rpcgen.Problem:
                        pass


class Command(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.TemporaryDirectory()
        self.addCleanup(self.folder.cleanup)
        self.addCleanup(os.chdir, os.getcwd())
        os.chdir(self.folder.name)
        with open("in.rpc", "w") as file:
            file.write("struct a { int x = 1; }\n")

    def call(self, *args):
        out, err = io.StringIO(), io.StringIO()
        with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
            try:
                code = event_rpcgen.main(list(args))
            except SystemExit as end:
                code = end.code
        return code, out.getvalue(), err.getvalue()

    def test_names_of_the_outputs(self):
        for args, files in (
            ((), ["in.gen.c", "in.gen.h"]),
            (("x.c",), ["x.c", "x.h"]),
            (("y.h", "z.c"), ["y.h", "z.c"]),
            (("--quiet", "q.c"), ["q.c", "q.h"]),
        ):
            before = set(os.listdir("."))
            code, _, err = self.call("in.rpc", *args)
            self.assertEqual((code, err), (0, ""))
            self.assertEqual(sorted(set(os.listdir(".")) - before), files)

    def test_the_header_is_included_by_its_name_alone(self):
        os.mkdir("out")
        self.assertEqual(self.call("in.rpc", "out/y.h", "out/y.c")[0], 0)
        with open("out/y.c") as file:
            self.assertIn('#include "y.h"\n', file.read())
        with open("out/y.h") as file:
            self.assertIn("#define EVENT_RPCOUT_IN_RPC_\n", file.read())

    def test_quiet(self):
        self.assertEqual(self.call("--quiet", "in.rpc"), (0, "", ""))
        self.assertIn("in.gen.c", self.call("in.rpc")[1])

    def test_help_and_version(self):
        for option, words in (("--help", "input language"), ("--version", event_rpcgen.VERSION)):
            code, out, _ = self.call(option)
            self.assertEqual(code, 0)
            self.assertIn(words, out)

    def test_mistakes(self):
        self.assertEqual(self.call()[0], 2)
        self.assertEqual(self.call("in.rpc", "x.cc")[0], 2)
        self.assertEqual(self.call("in.rpc", "x.c", "x.c")[0], 2)
        self.assertEqual(self.call("in.rpc", "a.h", "b.c", "c")[0], 2)
        code, _, err = self.call("missing.rpc")
        self.assertEqual(code, 1)
        self.assertIn("missing.rpc", err)

    def test_nothing_is_written_from_bad_input(self):
        with open("in.rpc", "a") as file:
            file.write("struct b { int x = 1; int y = 1; }\n")
        code, _, err = self.call("in.rpc")
        self.assertEqual(code, 1)
        self.assertIn("in.rpc:2: x and y have the same tag", err)
        self.assertEqual(os.listdir("."), ["in.rpc"])


if __name__ == "__main__":
    unittest.main()
