"""One pod's share of the images of a folder, embedded by the service through POST /embed/batch:

    JOB_COMPLETION_INDEX=0 SHARDS=8 SERVER=mobileclip:80 IMAGES=/data OUTPUT=/out  python3 embed_shard.py

Every SHARDS-th file goes to OUTPUT/shard-N.ndjson, a line {"id": "its path below IMAGES", "embedding": […]} or, for a file
that is no image, {"id", "error"}. Started again, it goes on where the file ends; a stream that breaks is opened again.
"""
import base64
import http.client
import json
import os
import pathlib
import sys
import threading
import time

SUFFIXES = {".jpg", ".jpeg", ".png", ".webp", ".bmp", ".tif", ".tiff"}
ATTEMPTS = 10  # in a row, without a single new line


def share(folder, index, shards):
    names = sorted(str(path.relative_to(folder)) for path in folder.rglob("*") if path.suffix.lower() in SUFFIXES)
    return names[index::shards]


def finished(output):
    """The ids in whole lines; what a killed pod left of its last line is cut off."""
    if not output.exists():
        return set()
    content = output.read_bytes()
    whole = content[:content.rfind(b"\n") + 1]
    if whole != content:
        output.write_bytes(whole)
    return {json.loads(line)["id"] for line in whole.splitlines()}


def send(sock, folder, names):
    """The server reads as fast as it computes, so this waits most of the time."""
    try:
        for name in names:
            line = json.dumps({"id": name, "image": base64.b64encode((folder / name).read_bytes()).decode()}).encode() + b"\n"
            sock.sendall(b"%x\r\n%s\r\n" % (len(line), line))
        sock.sendall(b"0\r\n\r\n")
    except OSError:
        pass  # the reader notices, too


def embed(server, folder, names, output):
    """How many lines were written before the stream ended or broke."""
    written = 0
    connection = http.client.HTTPConnection(server, timeout=120)
    try:
        connection.putrequest("POST", "/embed/batch")
        connection.putheader("Content-Type", "application/x-ndjson")
        connection.putheader("Transfer-Encoding", "chunked")
        connection.endheaders()
        # The socket itself: the reply closes the connection behind it, which http.client would open anew to send.
        threading.Thread(target=send, args=(connection.sock, folder, names), daemon=True).start()
        response = connection.getresponse()
        if response.status != 200:
            raise ConnectionError(f"{response.status} {response.read(200)}")
        with open(output, "ab") as file:
            for line in response:
                answer = json.loads(line)
                if "id" not in answer:  # of the stream itself
                    raise ConnectionError(answer["error"]["message"])
                del answer["line"]
                file.write(json.dumps(answer).encode() + b"\n")
                file.flush()
                written += 1
    except (OSError, http.client.HTTPException) as error:
        print(f"after {written} lines: {error!r}", file=sys.stderr)
    finally:
        connection.close()
    return written


def main():
    index, shards = int(os.environ["JOB_COMPLETION_INDEX"]), int(os.environ["SHARDS"])
    folder, output = pathlib.Path(os.environ["IMAGES"]), pathlib.Path(os.environ["OUTPUT"]) / f"shard-{index}.ndjson"
    failures = 0
    while failures < ATTEMPTS:
        done = finished(output)
        left = [name for name in share(folder, index, shards) if name not in done]
        if not left:
            print(f"{output}: {len(done)} lines")
            return 0
        failures = 0 if embed(os.environ["SERVER"], folder, left, output) else failures + 1
        time.sleep(min(failures, 5))
    return 1


if __name__ == "__main__":
    sys.exit(main())
