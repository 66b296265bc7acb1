"""Writes a bill of materials, CycloneDX 1.5 as JSON, of a mobileclip-server that Ninja has built on Debian.

    sbom.py --build DIR --binary FILE --output FILE

Taken from the build itself, not from a list that somebody keeps: the packages of the shared libraries that the loader
brings in, and those whose headers or static libraries the compiler and the linker read. The same build gives the same
bytes.
"""
import argparse
import collections
import json
import os
import pathlib
import re
import subprocess
import uuid

LINKED, COMPILED_IN = "linked", "compiled in"  # the loader brings it in; its headers or objects are part of the binary


def output_of(*command):
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout


def shared_libraries(binary):
    """{name in NEEDED: path} of all that the loader brings in."""
    return dict(re.findall(r"^\t(\S+) => (/\S+) \(", output_of("ldd", binary), re.MULTILINE))


def needed(files):
    """{file: [name, …]}: what each asks the loader for itself."""
    dynamic = output_of("readelf", "--dynamic", "--wide", *files)
    if len(files) == 1:
        dynamic = f"\nFile: {files[0]}\n{dynamic}"
    return {section.split("\n", 1)[0]: re.findall(r"\(NEEDED\).*\[(.*)\]", section)
            for section in dynamic.split("\nFile: ")[1:]}


def read_by_compiler_and_linker(build, binary):
    """Headers and static libraries outside the sources."""
    headers = re.findall(r"^    (/usr/\S+)$", output_of("ninja", "-C", build, "-t", "deps"), re.MULTILINE)
    target = os.path.relpath(binary, build)
    link = output_of("ninja", "-C", build, "-t", "commands", "-s", target)
    return {*headers, *re.findall(r"(/usr/\S+\.a)\b", link)}


def packages_of(paths):
    """{path: package name} by dpkg's records, which know some files by their place before /usr was merged."""
    asked = {}
    for path in paths:
        real = os.path.realpath(path)
        for spelling in {real, real.removeprefix("/usr"), "/usr" + real}:
            asked[spelling] = path
    found = subprocess.run(["dpkg-query", "--search", *asked], capture_output=True, text=True).stdout
    owners = {}
    for owner, spelling in re.findall(r"^(\S+?): (/.*)$", found, re.MULTILINE):
        owners[asked[spelling]] = owner.split(":")[0]
    lost = sorted(set(paths) - set(owners))
    if lost:
        raise SystemExit(f"sbom.py: of no package: {', '.join(lost)}")
    return owners


def license_of(package):
    """What debian/copyright says of the most of it, in Debian's short names; None where it says so in prose alone."""
    copyright_file = pathlib.Path("/usr/share/doc") / package / "copyright"
    try:
        text = copyright_file.read_text(errors="replace")
    except OSError:
        return None
    most = re.search(r"^Files: ?\*\n(?:.+\n)*?License: *(.+)$", text, re.MULTILINE)
    return most[1].strip() if most else None


def component(package, use):
    name, version, architecture, source = output_of(
        "dpkg-query", "--show", "--showformat=${Package}\t${Version}\t${Architecture}\t${source:Package}\n",
        package).splitlines()[0].split("\t")
    purl = f"pkg:deb/debian/{name}@{version.replace('+', '%2B').replace(':', '%3A')}?arch={architecture}"
    result = {"type": "library", "bom-ref": purl, "name": name, "version": version, "purl": purl,
              "properties": [{"name": "use", "value": use}, {"name": "debian:source", "value": source}]}
    if spoken_of := license_of(name):
        result["licenses"] = [{"license": {"name": spoken_of}}]
    return result


def bill_of_materials(arguments):
    libraries = shared_libraries(arguments.binary)
    compiled_in = read_by_compiler_and_linker(arguments.build, arguments.binary)
    owners = packages_of({*libraries.values(), *compiled_in})
    uses = {owners[path]: COMPILED_IN for path in compiled_in}
    uses |= {owners[path]: LINKED for path in libraries.values()}
    components = {package: component(package, use) for package, use in sorted(uses.items())}

    version, revision = re.fullmatch(r"\S+ (\S+) \((\S+)\)\n", output_of(arguments.binary, "--version")).groups()
    itself = f"pkg:generic/mobileclip-server@{version}"
    edges = collections.defaultdict(set)
    edges[itself] = {components[package]["bom-ref"] for package, use in uses.items() if use == COMPILED_IN}
    references = {arguments.binary: itself}
    references |= {path: components[owners[path]]["bom-ref"] for path in libraries.values()}
    for file, names in needed(list(references)).items():
        edges[references[file]] |= {references[libraries[name]] for name in names if name in libraries}
    bill = {
        "bomFormat": "CycloneDX",
        "specVersion": "1.5",
        "version": 1,
        "metadata": {"component": {
            "type": "application", "bom-ref": itself, "name": "mobileclip-server", "version": version,
            "licenses": [{"license": {"id": "Apache-2.0"}}],
            "properties": [{"name": "revision", "value": revision}]}},
        "components": list(components.values()),
        "dependencies": [{"ref": ref, "dependsOn": sorted(edges[ref] - {ref})}
                         for ref in [itself, *(each["bom-ref"] for each in components.values())]],
    }
    bill["serialNumber"] = uuid.uuid5(uuid.NAMESPACE_URL, json.dumps(bill)).urn
    return bill


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    for name in ("build", "binary", "output"):
        parser.add_argument(f"--{name}", required=True)
    arguments = parser.parse_args()
    text = json.dumps(bill_of_materials(arguments), indent=1, ensure_ascii=False)
    pathlib.Path(arguments.output).write_text(text + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
