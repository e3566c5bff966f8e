#!/usr/bin/env python3
"""Makes C code from descriptions of messages, for libevent's evtag and evrpc.

The output needs nothing but the public headers event2/{util,rpc,buffer,tag}.h, compiles as C99 and as C++, and trusts
no byte that it reads: see LANGUAGE below for the limits.
"""
import argparse
import os
import re
import sys
from string import Template

NAME = "event_rpcgen.py"
VERSION = "2.1.12"

LANGUAGE = """\
input language:
  struct NAME {
      [optional | array] TYPE MEMBER = TAG;
      ...
  }
  TYPE is one of
      int            32 bits, unsigned
      int64          64 bits, unsigned
      string         ended by a NUL
      bytes          any number of bytes; not in an array
      bytes with MEMBER[N]    exactly N bytes; N may be any constant of C; not in an array
      struct[NAME]   another message
  TAG is a number, decimal or 0x..., that is used once in its struct.
  Comments are /* */ and //.  Lines that begin with #define go to the header; #include and conditionals go to
  the C file.

limits of the generated readers:
  A length is compared with the bytes that are there before memory is asked for.  Messages nest at most
  EVENT_RPCGEN_MAX_DEPTH (128) deep, an array takes at most EVENT_RPCGEN_MAX_ELEMENTS (INT_MAX) elements; both may be
  defined when the generated file is compiled.  An element of an array of messages takes two bytes or more on the
  wire and sizeof(struct NAME) and a pointer in memory: whoever accepts messages of any size should set a limit, for
  evrpc with evhttp_set_max_body_size().
  Sending has no result: what memory does not suffice for is left out as a whole.
"""


class Problem(Exception):
    """Something in the input that cannot be used."""

    def __init__(self, line, text):
        super().__init__(text)
        self.line = line


# ---------------------------------------------------------------------------------------------------------------
# Reading


COMMENT_OR_QUOTED = re.compile(
    r'"(?:\\.|[^"\\\n])*"' r"|'(?:\\.|[^'\\\n])*'" r"|//[^\n]*" r"|/\*.*?(?:\*/|\Z)", re.DOTALL
)
TOKEN = re.compile(
    r"(?P<blank>\s+)|(?P<word>[A-Za-z_]\w*)|(?P<number>\d\w*)|(?P<bracket>\[[^][{};]*\])|(?P<sign>[{};=])"
)
IDENTIFIER = re.compile(r"[A-Za-z_]\w*\Z")
TAG_NUMBER = re.compile(r"(?:0[xX][0-9a-fA-F]+|0|[1-9][0-9]*)\Z")


def without_comments(text):
    """Blanks take the place of comments, so that lines keep their numbers."""

    def blank(found):
        piece = found.group()
        if not piece.startswith("/"):
            return piece
        if piece.startswith("/*") and not piece.endswith("*/"):
            raise Problem(text.count("\n", 0, found.start()) + 1, "this comment has no end")
        return " " + "\n" * piece.count("\n")

    return COMMENT_OR_QUOTED.sub(blank, text)


class Source:
    """The input as tokens (kind, text, line) and the lines that are passed on to the preprocessor of C."""

    def __init__(self, text):
        self.to_header, self.to_code, self.tokens = [], [], []
        self.at = 0
        lines = without_comments(text).split("\n")
        number = 0
        while number < len(lines):
            line, start = lines[number], number + 1
            number += 1
            if line.lstrip().startswith("#"):
                whole = [line.strip()]
                while whole[-1].endswith("\\") and number < len(lines):
                    whole.append(lines[number].rstrip())
                    number += 1
                self._directive("\n".join(whole), start)
            else:
                self._scan(line, start)
        self.end = len(lines)

    def _directive(self, line, number):
        if self._open():
            raise Problem(number, "preprocessor lines cannot stand inside a struct")
        word = re.match(r"#\s*(\w*)", line).group(1)
        if word == "define":
            self.to_header.append(line)
        elif word in ("include", "if", "ifdef", "ifndef", "elif", "else", "endif", "undef"):
            self.to_code.append(line)
        else:
            raise Problem(number, "cannot use the line %r" % line)

    def _open(self):
        signs = [text for kind, text, _ in self.tokens if kind == "sign"]
        return signs.count("{") > signs.count("}")

    def _scan(self, line, number):
        at = 0
        while at < len(line):
            found = TOKEN.match(line, at)
            if not found:
                raise Problem(number, "cannot read %r" % line[at:].strip())
            at = found.end()
            if found.lastgroup != "blank":
                self.tokens.append((found.lastgroup, found.group(), number))

    def peek(self):
        return self.tokens[self.at] if self.at < len(self.tokens) else ("end", "end of file", self.end)

    def take(self, what, *wanted):
        """The next token, which must be of a kind or have a text that is wanted."""
        kind, text, line = self.peek()
        if kind not in wanted and text not in wanted:
            raise Problem(line, "expected %s, found %r" % (what, text))
        self.at += 1
        return text

    def skip(self, text):
        if self.peek()[1] == text:
            self.at += 1
            return True
        return False


def read(text):
    """All structs of the input, and its Source."""
    source, structs = Source(text), []
    while source.peek()[0] != "end":
        line = source.peek()[2]
        source.take("'struct'", "struct")
        struct = Struct(source.take("the struct's name", "word"))
        if any(s.name == struct.name for s in structs):
            raise Problem(line, "struct %s is there already" % struct.name)
        source.take("'{'", "{")
        while not source.skip("}"):
            if not source.skip(";"):
                struct.add(read_member(source, struct), line)
        source.skip(";")
        structs.append(struct)
    names = {s.name for s in structs}
    for struct in structs:
        for member in struct.members:
            if isinstance(member.type, Message):
                member.type.here = member.type.name in names
                if not member.type.here and not any("include" in line for line in source.to_code):
                    raise Problem(member.line, "there is no struct %s" % member.type.name)
    return structs, source


def read_member(source, struct):
    line = source.peek()[2]
    optional = array = False
    while source.peek()[1] in ("optional", "array"):
        word = source.take("a type", "word")
        if (word == "optional" and optional) or (word == "array" and array):
            raise Problem(line, "%s stands twice" % word)
        optional, array = optional or word == "optional", array or word == "array"
    if optional and array:
        raise Problem(line, "an array is optional by itself")
    word, reference = source.take("a type", "word"), None
    if word == "struct":
        reference = source.take("[NAME] of a struct", "bracket")[1:-1].strip()
        if not IDENTIFIER.match(reference):
            raise Problem(line, "%r is no name of a struct" % reference)
    name = source.take("the member's name", "word")
    length = None
    if source.peek()[0] == "bracket":
        length = source.take("a length", "bracket")[1:-1].strip()
        if not length:
            raise Problem(line, "%s needs a length between its brackets" % name)
        if word != "bytes":
            raise Problem(line, "only bytes have a length; %s could be an array" % name)
    source.take("'='", "=")
    number = source.take("the tag's number", "number")
    if not TAG_NUMBER.match(number) or int(number, 0) > 0xFFFFFFFF:
        raise Problem(line, "%r is no number of 32 bits" % number)
    if source.peek()[1] != "}":
        source.take("';'", ";")
    kind = kind_of(word, reference, length, line)
    if array and not kind.arrays:
        raise Problem(line, "there are no arrays of bytes")
    member = Array if array else kind.member
    return member(struct, name, int(number, 0), kind, optional, line)


def kind_of(word, reference, length, line):
    if word == "struct":
        return Message(reference)
    if word == "bytes":
        return Fixed(length) if length else Bytes()
    kinds = {"int": lambda: Number(32), "int64": lambda: Number(64), "string": Text}
    if word not in kinds:
        raise Problem(line, "there is no type %r" % word)
    return kinds[word]()


# ---------------------------------------------------------------------------------------------------------------
# What the members are made of


class Struct:
    def __init__(self, name):
        self.name, self.members = name, []

    def add(self, member, line):
        for other in self.members:
            if other.tag == member.tag:
                raise Problem(member.line, "%s and %s have the same tag" % (other.name, member.name))
            if other.name.upper() == member.name.upper():
                raise Problem(member.line, "%s and %s have the same name" % (other.name, member.name))
        if member.name.upper() == "MAX_TAGS":
            raise Problem(member.line, "the name max_tags is taken")
        self.members.append(member)


class Kind:
    """A type of the language. `ctype` is what accessors take and give; the functions make C statements about the
    place (an lvalue) where one value is kept. `put` and `get` end the function they stand in with -1 on failure."""

    arrays = True
    owns_memory = False

    def free(self, place):
        return ""

    def complete(self, place):
        return ""


class Number(Kind):
    def __init__(self, bits):
        self.ctype = "ev_uint%d_t" % bits
        self.suffix = "int" if bits == 32 else "int64"

    def put(self, place, tag):
        return "evtag_marshal_%s(to, %s, %s);\nif (!grew_(to, &len))\n\treturn -1;" % (self.suffix, tag, place)

    def get(self, place, tag):
        return "if (evtag_unmarshal_%s(from, %s, &%s) == -1)\n\treturn -1;" % (self.suffix, tag, place)


class Text(Kind):
    ctype = "char *"
    owns_memory = True

    def put(self, place, tag):
        return "evtag_marshal_string(to, %s, %s);\nif (!grew_(to, &len))\n\treturn -1;" % (tag, place)

    def get(self, place, tag):
        return "if (($p = get_string_(from, $t)) == NULL)\n\treturn -1;".replace("$p", place).replace("$t", tag)

    def free(self, place):
        return "free(%s);" % place


class Message(Kind):
    owns_memory = True

    def __init__(self, name):
        self.name, self.here = name, True
        self.ctype = "struct %s*" % name

    def put(self, place, tag):
        if self.here:
            return "if (%s_put_(to, %s, %s) == -1)\n\treturn -1;" % (self.name, tag, place)
        return "evtag_marshal_%s(to, %s, %s);\nif (!grew_(to, &len))\n\treturn -1;" % (self.name, tag, place)

    def get(self, place, tag):
        call = "%s_get_(%%s, from, %s, depth + 1)" if self.here else "evtag_unmarshal_%s(from, %s, %%s)"
        args = (self.name, tag)
        return fill(
            """
            if (($place = ${name}_new()) == NULL)
            	return -1;
            if ($call == -1) {
            	${name}_free($place);
            	$place = NULL;
            	return -1;
            }""",
            place=place, name=self.name, call=(call % args) % place,
        )

    def free(self, place):
        return "if (%s != NULL)\n\t%s_free(%s);" % (place, self.name, place)

    def complete(self, place):
        return "if (%s_complete(%s) == -1)\n\treturn -1;" % (self.name, place)


class Bytes(Kind):
    arrays = False
    owns_memory = True
    ctype = "ev_uint8_t *"


class Fixed(Kind):
    arrays = False
    ctype = "ev_uint8_t"

    def __init__(self, length):
        self.length = length


def fill(text, **names):
    """Puts names into a piece of C whose first line and common indentation are dropped. A value of several lines is
    indented like the place it goes to; an empty one takes its line away."""
    lines = text.split("\n")
    if lines and not lines[0].strip():
        lines = lines[1:]
    if lines and not lines[-1].strip():
        lines = lines[:-1]
    common = min((len(l) - len(l.lstrip(" ")) for l in lines if l.strip()), default=0)
    out = []
    for line in lines:
        line = line[common:]
        alone = re.match(r"(\s*)\$(\w+)\Z", line)
        if alone and alone.group(2) in names:
            value = str(names[alone.group(2)])
            if value:
                out.extend((alone.group(1) + v if v else v) for v in value.split("\n"))
            continue
        out.append(Template(line).substitute(names))
    return "\n".join(out)


def indent(text):
    return "\n".join("\t" + l if l else l for l in text.split("\n"))


class Member:
    """A member of a struct: its fields, its accessors and its part in the functions of the whole."""

    add_too = False

    def __init__(self, struct, name, tag, kind, optional, line):
        self.struct, self.name, self.tag, self.type = struct, name, tag, kind
        self.optional, self.line = optional, line
        self.enumerator = "%s_%s" % (struct.name.upper(), name.upper())
        self.names = {
            "s": struct.name, "m": name, "type": kind.ctype, "tag": self.enumerator,
            "data": "msg->%s_data" % name, "set": "msg->%s_set" % name,
        }

    def fill(self, text, **more):
        return fill(text, **dict(self.names, **more))

    # Of single values; arrays and bytes have their own.
    def fields(self):
        return self.fill("$type%s${m}_data;" % ("" if self.type.ctype == "char *" else " "))

    def assign_args(self):
        return "struct %s *, const %s" % (self.struct.name, self.type.ctype)

    def get_args(self):
        return "struct %s *, %s *" % (self.struct.name, self.type.ctype)

    def functions(self):
        """(name, result, arguments) of each accessor, in the order of the access table."""
        out = [("assign", "int ", self.assign_args()), ("get", "int ", self.get_args())]
        if self.add_too:
            out.append(("add", self.add_result(), self.add_args()))
        return out

    def complete(self):
        parts = [] if self.optional else [self.fill("if (!$set)\n\treturn -1;")]
        inner = self.type.complete(self.names["data"])
        if inner:
            parts.append(self.fill("if ($set) {\n$inner\n}", inner=indent(inner)))
        return "\n".join(parts)

    def clear(self):
        return self.fill("$free\n$reset\n$set = 0;", free=self.type.free(self.names["data"]), reset=self.reset())

    def write(self):
        """A required number that was never assigned is sent as 0, as programs are used to."""
        code = self.type.put(self.names["data"], self.enumerator)
        if self.optional:
            return self.fill("if ($set) {\n$code\n}", code=indent(code))
        if self.type.owns_memory:
            return self.fill("if ($data != NULL) {\n$code\n}", code=indent(code))
        return code

    def read(self):
        return self.fill(
            """
            if ($set)
            	return -1;
            $get
            $set = 1;""",
            get=self.type.get(self.names["data"], self.enumerator),
        )

    def get(self):
        return self.fill(
            """
            int
            ${s}_${m}_get(struct $s *msg, $type *value)
            {
            	if (!$set)
            		return -1;
            	*value = $data;
            	return 0;
            }"""
        )


class NumberMember(Member):
    def reset(self):
        return self.fill("$data = 0;")

    def assign(self):
        return self.fill(
            """
            int
            ${s}_${m}_assign(struct $s *msg, const $type value)
            {
            	$data = value;
            	$set = 1;
            	return 0;
            }"""
        )


class TextMember(Member):
    def reset(self):
        return self.fill("$data = NULL;")

    def assign(self):
        return self.fill(
            """
            int
            ${s}_${m}_assign(struct $s *msg, const $type value)
            {
            	char *copy = copy_string_(value);
            	if (copy == NULL)
            		return -1;
            	free($data);
            	$data = copy;
            	$set = 1;
            	return 0;
            }"""
        )


# The copy goes through the wire format. It is made before the old value is touched: `value` may be part of that.
COPY_MESSAGE = """
            	struct evbuffer *wire;
            	int res = -1;
            	if (value == NULL || ${name}_complete((struct $name *)value) == -1)
            		return -1;
            	if ((wire = evbuffer_new()) == NULL)
            		return -1;
            	${name}_marshal(wire, value);
            	if ($place == NULL)
            		$place = ${name}_new();
            	else
            		${name}_clear($place);
            	if ($place != NULL)
            		res = ${name}_unmarshal($place, wire);
            	evbuffer_free(wire);"""


class MessageMember(Member):
    def reset(self):
        return self.fill("$data = NULL;")

    def assign(self):
        copy = fill(COPY_MESSAGE, name=self.type.name, place=self.names["data"])
        return self.fill(
            """
            int
            ${s}_${m}_assign(struct $s *msg, const $type value)
            {
            $copy
            	if (res == -1 && $data != NULL) {
            		${name}_free($data);
            		$data = NULL;
            	}
            	$set = res == 0;
            	return res;
            }""",
            name=self.type.name, copy=copy,
        )

    def get(self):
        return self.fill(
            """
            /* Makes an empty one if there is none. */
            int
            ${s}_${m}_get(struct $s *msg, $type *value)
            {
            	if ($data == NULL && ($data = ${name}_new()) == NULL)
            		return -1;
            	$set = 1;
            	*value = $data;
            	return 0;
            }""",
            name=self.type.name,
        )


class BytesMember(Member):
    def fields(self):
        return self.fill("ev_uint8_t *${m}_data;\nev_uint32_t ${m}_length;")

    def assign_args(self):
        return super().assign_args() + ", ev_uint32_t"

    def get_args(self):
        return super().get_args() + ", ev_uint32_t *"

    def reset(self):
        return self.fill("$data = NULL;\nmsg->${m}_length = 0;")

    def clear(self):
        return self.fill("free($data);\n$reset\n$set = 0;", reset=self.reset())

    def assign(self):
        return self.fill(
            """
            int
            ${s}_${m}_assign(struct $s *msg, const $type value, ev_uint32_t len)
            {
            	ev_uint8_t *copy = (ev_uint8_t *)copy_bytes_(value, len);
            	if (copy == NULL)
            		return -1;
            	free($data);
            	$data = copy;
            	msg->${m}_length = len;
            	$set = 1;
            	return 0;
            }"""
        )

    def get(self):
        return self.fill(
            """
            int
            ${s}_${m}_get(struct $s *msg, $type *value, ev_uint32_t *plen)
            {
            	if (!$set)
            		return -1;
            	*value = $data;
            	*plen = msg->${m}_length;
            	return 0;
            }"""
        )

    def write(self):
        code = self.fill("evtag_marshal(to, $tag, $data, msg->${m}_length);\nif (!grew_(to, &len))\n\treturn -1;")
        return self.fill("if ($set) {\n$code\n}", code=indent(code)) if self.optional else code

    def read(self):
        return self.fill(
            """
            if ($set)
            	return -1;
            if (($data = get_bytes_(from, $tag, &msg->${m}_length)) == NULL)
            	return -1;
            $set = 1;"""
        )

    def complete(self):
        return "" if self.optional else self.fill("if (!$set)\n\treturn -1;")


class FixedMember(Member):
    def fields(self):
        return self.fill("ev_uint8_t ${m}_data[$length];", length=self.type.length)

    def assign_args(self):
        return "struct %s *, const ev_uint8_t *" % self.struct.name

    def get_args(self):
        return "struct %s *, ev_uint8_t **" % self.struct.name

    def reset(self):
        return self.fill("memset($data, 0, sizeof($data));")

    def clear(self):
        return self.fill("$reset\n$set = 0;", reset=self.reset())

    def assign(self):
        return self.fill(
            """
            int
            ${s}_${m}_assign(struct $s *msg, const ev_uint8_t *value)
            {
            	if (value == NULL)
            		return -1;
            	memmove($data, value, sizeof($data));
            	$set = 1;
            	return 0;
            }"""
        )

    def get(self):
        return self.fill(
            """
            int
            ${s}_${m}_get(struct $s *msg, ev_uint8_t **value)
            {
            	if (!$set)
            		return -1;
            	*value = $data;
            	return 0;
            }"""
        )

    def write(self):
        code = self.fill("evtag_marshal(to, $tag, $data, sizeof($data));\nif (!grew_(to, &len))\n\treturn -1;")
        return self.fill("if ($set) {\n$code\n}", code=indent(code)) if self.optional else code

    def read(self):
        return self.fill(
            """
            if ($set)
            	return -1;
            if (evtag_unmarshal_fixed(from, $tag, $data, sizeof($data)) == -1)
            	return -1;
            $set = 1;"""
        )


class Array(Member):
    add_too = True

    def __init__(self, *args):
        super().__init__(*args)
        self.optional = True
        self.names["len"] = "msg->%s_length" % self.name
        self.names["room"] = "msg->%s_num_allocated" % self.name

    def fields(self):
        return self.fill("$type *${m}_data;\nint ${m}_length;\nint ${m}_num_allocated;")

    def assign_args(self):
        return "struct %s *, int, const %s" % (self.struct.name, self.type.ctype)

    def get_args(self):
        return "struct %s *, int, %s *" % (self.struct.name, self.type.ctype)

    def add_result(self):
        return self.type.ctype + (" " if isinstance(self.type, Message) else " * ")

    def add_args(self):
        value = "" if isinstance(self.type, Message) else ", const %s value" % self.type.ctype
        return "struct %s *msg%s" % (self.struct.name, value)

    def loop(self, body):
        return self.fill("for (i = 0; i < $len; ++i) {\n$body\n}", body=indent(body))

    def place(self, index="i"):
        return "%s[%s]" % (self.names["data"], index)

    def reset(self):
        return self.fill("$data = NULL;\n$len = 0;\n$room = 0;")

    def clear(self):
        each = self.type.free(self.place())
        return self.fill(
            "$each\nfree($data);\n$reset\n$set = 0;", each=self.loop(each) if each else "", reset=self.reset()
        )

    def complete(self):
        each = self.type.complete(self.place())
        return self.loop(each) if each else ""

    def write(self):
        place = self.place()
        if isinstance(self.type, Text):
            # A NULL that was added keeps its position as an empty string.
            place = '%s != NULL ? %s : ""' % (place, place)
        return self.loop(self.type.put(place, self.enumerator))

    def read(self):
        return self.fill(
            """
            if (${s}_${m}_grow_(msg) == -1)
            	return -1;
            $get
            ++$len;
            $set = 1;""",
            get=self.type.get(self.place(self.names["len"]), self.enumerator),
        )

    def grow(self):
        return self.fill(
            """
            static int
            ${s}_${m}_grow_(struct $s *msg)
            {
            	void *more = grow_($data, $len, &$room, sizeof(*$data));
            	if (more == NULL)
            		return -1;
            	$data = ($type *)more;
            	return 0;
            }"""
        )

    def add(self):
        names = {"result": self.add_result().rstrip(), "args": self.add_args()}
        if isinstance(self.type, Message):
            names.update(store="if (($data[$len] = ${name}_new()) == NULL)\n\treturn NULL;", ref="")
        elif isinstance(self.type, Text):
            names.update(
                store="$data[$len] = NULL;\nif (value != NULL && ($data[$len] = copy_string_(value)) == NULL)\n"
                "\treturn NULL;",
                ref="&",
            )
        else:
            names.update(store="$data[$len] = value;", ref="&")
        names["store"] = Template(names["store"]).safe_substitute(self.names, name=getattr(self.type, "name", ""))
        return self.fill(
            """
            $result
            ${s}_${m}_add($args)
            {
            	if (${s}_${m}_grow_(msg) == -1)
            		return NULL;
            	$store
            	$set = 1;
            	return $ref$data[$len++];
            }""",
            **names
        )

    def assign(self):
        if isinstance(self.type, Message):
            body = fill(
                COPY_MESSAGE + "\n            	if (res == -1 && $place != NULL)\n            		${name}_clear($place);"
                "\n            	return res;",
                name=self.type.name, place=self.place("off"),
            )
        elif isinstance(self.type, Text):
            body = fill(
                """
                	char *copy = copy_string_(value);
                	if (copy == NULL)
                		return -1;
                	free($place);
                	$place = copy;
                	return 0;""",
                place=self.place("off"),
            )
        else:
            body = "\t%s = value;\n\treturn 0;" % self.place("off")
        # Declarations of the body come first, as C90 and its friends want it: the check is a function of its own.
        return self.fill(
            """
            static int
            ${s}_${m}_replace_(struct $s *msg, int off, const $type value)
            {
            $body
            }

            int
            ${s}_${m}_assign(struct $s *msg, int off, const $type value)
            {
            	if (!$set || off < 0 || off >= $len)
            		return -1;
            	return ${s}_${m}_replace_(msg, off, value);
            }""",
            body=body,
        )

    def get(self):
        return self.fill(
            """
            int
            ${s}_${m}_get(struct $s *msg, int offset, $type *value)
            {
            	if (!$set || offset < 0 || offset >= $len)
            		return -1;
            	*value = $data[offset];
            	return 0;
            }"""
        )


Number.member, Text.member, Message.member = NumberMember, TextMember, MessageMember
Bytes.member, Fixed.member = BytesMember, FixedMember


# ---------------------------------------------------------------------------------------------------------------
# Writing


def guard_name(name):
    return "EVENT_RPCOUT_%s_" % re.sub(r"\W", "_", name, flags=re.ASCII).upper()


def header_text(structs, source, name):
    out = [fill(
        """
        /* Made by $tool from $name. Changes will be lost. */
        #ifndef $guard
        #define $guard

        $defines

        #include <event2/util.h>
        #include <event2/rpc.h>

        #ifdef __cplusplus
        extern "C" {
        #endif
        """,
        tool=NAME, name=name, guard=guard_name(name), defines="\n".join(source.to_header),
    )]
    known = {s.name: None for s in structs}
    for struct in structs:
        known.update((m.type.name, None) for m in struct.members if isinstance(m.type, Message))
    out.append("struct evbuffer;")
    out.extend("struct %s;" % n for n in known)
    out.extend(declarations(struct) for struct in structs)
    out.append("#ifdef __cplusplus\n}\n#endif\n#endif /* %s */\n" % guard_name(name))
    return "\n".join(out)


def declarations(struct):
    members = struct.members
    table, protos = [], []
    for m in members:
        for what, result, args in m.functions():
            table.append("%s(*%s_%s)(%s);" % (result, m.name, what, args))
            protos.append("%s%s_%s_%s(%s);" % (result, struct.name, m.name, what, args))
    return fill(
        """

        /* $s */
        enum ${lower}_ {
        $tags
        	${upper}_MAX_TAGS
        };

        struct ${s}_access_ {
        $table
        };

        struct $s {
        	struct ${s}_access_ *base;

        $fields

        $flags
        };

        struct $s *${s}_new(void);
        struct $s *${s}_new_with_arg(void *);
        void ${s}_free(struct $s *);
        void ${s}_clear(struct $s *);
        void ${s}_marshal(struct evbuffer *, const struct $s *);
        int ${s}_unmarshal(struct $s *, struct evbuffer *);
        int ${s}_complete(struct $s *);
        void evtag_marshal_${s}(struct evbuffer *, ev_uint32_t, const struct $s *);
        int evtag_unmarshal_${s}(struct evbuffer *, ev_uint32_t, struct $s *);
        $protos

        """,
        s=struct.name, lower=struct.name.lower(), upper=struct.name.upper(),
        tags="\n".join("\t%s = %d," % (m.enumerator, m.tag) for m in members),
        table="\n".join("\t" + t for t in table) or "\tchar none_;",
        fields=indent("\n".join(m.fields() for m in members)),
        flags="\n".join("\tev_uint8_t %s_set;" % m.name for m in members),
        protos="\n".join(protos),
    )


CODE_HEAD = """
/* Made by $tool $version from $name. Changes will be lost. */
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <event2/buffer.h>
#include <event2/tag.h>
$includes

#include "$header"

#ifndef EVENT_RPCGEN_MAX_DEPTH
#define EVENT_RPCGEN_MAX_DEPTH 128
#endif
#ifndef EVENT_RPCGEN_MAX_ELEMENTS
#define EVENT_RPCGEN_MAX_ELEMENTS INT_MAX
#endif
"""

# Static helpers, each written only if something uses it: (name, the names it uses itself, text).
HELPERS = [
    ("grew_", (), """
/* Has the last element gone in? The evtag functions do not say. */
static int
grew_(struct evbuffer *to, size_t *len)
{
	size_t before = *len;
	*len = evbuffer_get_length(to);
	return *len > before;
}
"""),
    ("copy_bytes_", (), """
static void *
copy_bytes_(const void *bytes, size_t len)
{
	void *copy;
	if ((bytes == NULL && len > 0) || len + 1 == 0 || (copy = malloc(len + 1)) == NULL)
		return NULL;
	if (len > 0)
		memcpy(copy, bytes, len);
	((char *)copy)[len] = 0;
	return copy;
}
"""),
    ("copy_string_", ("copy_bytes_",), """
static char *
copy_string_(const char *text)
{
	return text == NULL ? NULL : (char *)copy_bytes_(text, strlen(text));
}
"""),
    ("get_bytes_", (), """
/* Memory is asked for only after the length was compared with what is there. A NUL follows the bytes. */
static ev_uint8_t *
get_bytes_(struct evbuffer *from, ev_uint32_t tag, ev_uint32_t *plen)
{
	ev_uint32_t len;
	ev_uint8_t *bytes;
	if (evtag_payload_length(from, &len) == -1 || len >= evbuffer_get_length(from))
		return NULL;
	if ((bytes = (ev_uint8_t *)malloc((size_t)len + 1)) == NULL)
		return NULL;
	if (evtag_unmarshal_fixed(from, tag, bytes, len) == -1) {
		free(bytes);
		return NULL;
	}
	bytes[len] = 0;
	*plen = len;
	return bytes;
}
"""),
    ("get_string_", ("get_bytes_",), """
/* Bytes with a NUL among them are not a string. */
static char *
get_string_(struct evbuffer *from, ev_uint32_t tag)
{
	ev_uint32_t len;
	char *text = (char *)get_bytes_(from, tag, &len);
	if (text != NULL && memchr(text, 0, len) != NULL) {
		free(text);
		return NULL;
	}
	return text;
}
"""),
    ("grow_", (), """
/* Room for one element more. */
static void *
grow_(void *data, int used, int *room, size_t size)
{
	int more = *room == 0 ? 1 : *room > INT_MAX / 2 ? INT_MAX : *room * 2;
	if (used >= EVENT_RPCGEN_MAX_ELEMENTS || used == INT_MAX)
		return NULL;
	if (used < *room)
		return data;
	if ((size_t)more > (size_t)-1 / size || (data = realloc(data, (size_t)more * size)) == NULL)
		return NULL;
	*room = more;
	return data;
}
"""),
]


def code_text(structs, source, name, header):
    bodies = [statics(s) for s in structs] + [implementation(s) for s in structs]
    text = "\n".join(bodies)
    used = set(re.findall(r"\b(\w+_)\(", text))
    for helper, needs, _ in reversed(HELPERS):
        if helper in used:
            used.update(needs)
    head = fill(
        CODE_HEAD, tool=NAME, version=VERSION, name=name, header=os.path.basename(header),
        includes="\n".join(source.to_code),
    )
    return "\n".join([head] + [t.rstrip() + "\n" for n, _, t in HELPERS if n in used] + bodies) + "\n"


def statics(struct):
    return fill(
        """
        static int ${s}_write_(struct evbuffer *, const struct $s *);
        static int ${s}_put_(struct evbuffer *, ev_uint32_t, const struct $s *);
        static int ${s}_read_(struct $s *, struct evbuffer *, int);
        static int ${s}_get_(struct $s *, struct evbuffer *, ev_uint32_t, int);
        """,
        s=struct.name,
    )


def implementation(struct):
    members = struct.members
    arrays = [m for m in members if isinstance(m, Array)]
    names = [
        "\t%s_%s_%s," % (struct.name, m.name, what) for m in members for what, _, _ in m.functions()
    ]
    accessors = []
    for m in members:
        if isinstance(m, Array):
            accessors += [m.grow(), m.add()]
        accessors += [m.assign(), m.get()]
    nested = any(isinstance(m.type, Message) and m.type.here for m in members)
    write = "\n".join(m.write() for m in members)
    clear = "\n".join(m.clear() for m in members)
    complete = "\n".join(m.complete() for m in members if m.complete())
    return fill(
        """

        /* $s */
        static struct ${s}_access_ ${s}_base__ = {
        $table
        };

        struct $s *
        ${s}_new(void)
        {
        	return ${s}_new_with_arg(NULL);
        }

        struct $s *
        ${s}_new_with_arg(void *unused)
        {
        	struct $s *msg = (struct $s *)calloc(1, sizeof(*msg));
        	(void)unused;
        	if (msg != NULL)
        		msg->base = &${s}_base__;
        	return msg;
        }

        void
        ${s}_free(struct $s *msg)
        {
        	if (msg == NULL)
        		return;
        	${s}_clear(msg);
        	free(msg);
        }

        void
        ${s}_clear(struct $s *msg)
        {
        	$clear_index
        	$clear
        }

        $accessors

        int
        ${s}_complete(struct $s *msg)
        {
        	$complete_index
        	$complete
        	return 0;
        }

        static int
        ${s}_write_(struct evbuffer *to, const struct $s *msg)
        {
        	$write_index
        	$write_len
        	$write
        	return 0;
        }

        static int
        ${s}_put_(struct evbuffer *to, ev_uint32_t tag, const struct $s *msg)
        {
        	size_t before = evbuffer_get_length(to);
        	struct evbuffer *inner = evbuffer_new();
        	if (inner == NULL)
        		return -1;
        	if (${s}_write_(inner, msg) == 0)
        		evtag_marshal_buffer(to, tag, inner);
        	evbuffer_free(inner);
        	return evbuffer_get_length(to) > before ? 0 : -1;
        }

        void
        ${s}_marshal(struct evbuffer *evbuf, const struct $s *msg)
        {
        	struct evbuffer *whole = evbuffer_new();
        	if (whole == NULL)
        		return;
        	if (${s}_write_(whole, msg) == 0)
        		evbuffer_add_buffer(evbuf, whole);
        	evbuffer_free(whole);
        }

        void
        evtag_marshal_${s}(struct evbuffer *evbuf, ev_uint32_t tag, const struct $s *msg)
        {
        	(void)${s}_put_(evbuf, tag, msg);
        }

        static int
        ${s}_read_(struct $s *msg, struct evbuffer *from, int depth)
        {
        	ev_uint32_t tag;
        	$no_depth
        	while (evbuffer_get_length(from) > 0) {
        		if (evtag_peek(from, &tag) == -1)
        			return -1;
        		switch (tag) {
        		$cases
        		default:
        			return -1;
        		}
        	}
        	return ${s}_complete(msg);
        }

        static int
        ${s}_get_(struct $s *msg, struct evbuffer *from, ev_uint32_t want, int depth)
        {
        	ev_uint32_t tag = 0;
        	int res = -1;
        	struct evbuffer *inner;
        	if (depth > EVENT_RPCGEN_MAX_DEPTH || (inner = evbuffer_new()) == NULL)
        		return -1;
        	if (evtag_unmarshal(from, &tag, inner) != -1 && tag == want)
        		res = ${s}_read_(msg, inner, depth);
        	evbuffer_free(inner);
        	return res;
        }

        int
        ${s}_unmarshal(struct $s *msg, struct evbuffer *evbuf)
        {
        	return ${s}_read_(msg, evbuf, 0);
        }

        int
        evtag_unmarshal_${s}(struct evbuffer *evbuf, ev_uint32_t need_tag, struct $s *msg)
        {
        	return ${s}_get_(msg, evbuf, need_tag, 0);
        }
        """,
        s=struct.name,
        table="\n".join(names) or "\t0",
        accessors="\n\n".join(accessors),
        clear=clear or "(void)msg;",
        clear_index="int i;" if re.search(r"\bi = 0", clear) else "",
        complete=complete or "(void)msg;",
        complete_index="int i;" if re.search(r"\bi = 0", complete) else "",
        write=write or "(void)to;\n(void)msg;",
        write_index="int i;" if arrays else "",
        write_len="size_t len = evbuffer_get_length(to);" if "&len" in write else "",
        no_depth="" if nested else "(void)depth;",
        cases="\n".join("case %s:\n%s\n\tbreak;" % (m.enumerator, indent(m.read())) for m in members),
    )


# ---------------------------------------------------------------------------------------------------------------
# The command


def arguments(argv):
    parser = argparse.ArgumentParser(
        prog=NAME,
        usage="%(prog)s [options] rpc-file [[h-file] c-file]",
        description="Makes C code (default: FILE.gen.c and FILE.gen.h) from the messages described in FILE.rpc.",
        epilog=LANGUAGE,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--quiet", action="store_true", help="say nothing but errors")
    parser.add_argument("--debug", action="store_true", help="show where in this program an error was found")
    parser.add_argument("--version", action="version", version="%s %s" % (NAME, VERSION))
    parser.add_argument("rpc_file", metavar="rpc-file")
    parser.add_argument("outputs", metavar="[h-file] c-file", nargs="*")
    options = parser.parse_intermixed_args(argv)
    outputs = [name.replace("\\", "/") for name in options.outputs]
    if len(outputs) > 2:
        parser.error("too many files")
    stem = options.rpc_file.rpartition(".")[0] or options.rpc_file
    options.code = outputs[-1] if outputs else stem + ".gen.c"
    if not options.code.endswith(".c"):
        parser.error("the C file's name must end with .c")
    options.header = outputs[0] if len(outputs) == 2 else options.code[:-2] + ".h"
    if not options.header.endswith(".h"):
        parser.error("the header's name must end with .h")
    return options


def main(argv=None):
    options = arguments(argv)

    def say(text):
        if not options.quiet:
            print(text)

    name = options.rpc_file
    try:
        say('Reading "%s"' % name)
        with open(name, encoding="utf-8", newline=None) as file:
            text = file.read()
        structs, source = read(text)
        for struct in structs:
            say("  struct %s: %s" % (struct.name, ", ".join(m.name for m in struct.members)))
        files = [
            (options.header, header_text(structs, source, name)),
            (options.code, code_text(structs, source, name, options.header)),
        ]
        for path, content in files:
            say('... creating "%s"' % path)
            with open(path, "w", encoding="utf-8", newline="\n") as file:
                file.write(content)
        return 0
    except (Problem, OSError, UnicodeDecodeError) as problem:
        if options.debug:
            raise
        if isinstance(problem, Problem):
            problem = "%s:%d: %s" % (name, problem.line, problem)
        sys.stderr.write("%s: %s\n" % (NAME, problem))
        return 1


if __name__ == "__main__":
    sys.exit(main())
