#!/usr/bin/env python3
"""Writes engine/tokenizer/html_entities.inc: the HTML5 named character references (a W3C list, as Python's
html.entities.html5 has it) and the upper-cased names that ftfy's unescape_html adds to them.

    tests/reference/make_html_entities.py > engine/tokenizer/html_entities.inc
"""
import html
import html.entities


def rows(entities):
    for name in sorted(entities):
        code_points = [ord(character) for character in entities[name]]
        assert name.isascii() and 1 <= len(code_points) <= 3, name
        yield f'    {{"{name}", {{{", ".join(f"0x{c:X}" for c in code_points)}}}}},'


def uppercased(entities):
    """ftfy, chardata._build_html_entities: lower-case names in capitals, where HTML gives those no meaning."""
    extra = {}
    for name, text in entities.items():
        shouted = name.upper()
        if name.endswith(";") and name == name.lower() and html.unescape("&" + shouted) == "&" + shouted:
            extra[shouted] = text.upper()
    return extra


print("// Written by tests/reference/make_html_entities.py; not to be edited. Sorted by name.")
print("// clang-format off")
print("constexpr HtmlEntity kHtml5Entities[] = {", *rows(html.entities.html5), "};", sep="\n")
print()
print("constexpr HtmlEntity kUppercasedEntities[] = {", *rows(uppercased(html.entities.html5)), "};", sep="\n")
print("// clang-format on")
