#!/usr/bin/env python3
"""Writes engine/tokenizer/single_byte_encodings.inc: what bytes 0x80 to 0xFF mean in the encodings that text is most
often misread in, in the order in which ftfy tries them (chardata.CHARMAP_ENCODINGS), as Python's codecs have them.

A "sloppy" encoding maps the bytes that it leaves undefined to the code points of the same number, as web browsers do.

    tests/reference/make_single_byte_encodings.py > engine/tokenizer/single_byte_encodings.inc
"""
ENCODINGS = [
    ("latin-1", False),
    ("windows-1252", True),
    ("windows-1251", True),
    ("windows-1250", True),
    ("windows-1253", True),
    ("windows-1254", True),
    ("windows-1257", True),
    ("iso-8859-2", False),
    ("mac-roman", False),
    ("cp437", False),
]


def upper_half(encoding, sloppy):
    for byte in range(0x80, 0x100):
        try:
            yield ord(bytes([byte]).decode(encoding))
        except UnicodeDecodeError:
            assert sloppy, (encoding, byte)
            yield byte


print("// Written by tests/reference/make_single_byte_encodings.py; not to be edited.")
print("// clang-format off")
print("constexpr EncodingTable kEncodings[] = {")
for encoding, sloppy in ENCODINGS:
    table = list(upper_half(encoding, sloppy))
    assert len(set(table)) == 128 and min(table) >= 0x80 and max(table) <= 0xFFFF, encoding
    print(f'    {{"{encoding}", {str(sloppy).lower()}, {{')
    for row in range(0, 128, 16):
        print("        " + ", ".join(f"0x{c:04X}" for c in table[row : row + 16]) + ",")
    print("    }},")
print("};")
print("// clang-format on")
