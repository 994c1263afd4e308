"""A client of `criu swrk`, as libraries for engines are: requests by protobuf, one a packet, on a socket that criu inherits."""
import os, socket, subprocess
from images import fields

PRE_DUMP, DUMP, PAGE_SERVER, PAGE_SERVER_CHLD = 4, 1, 5, 12
# criu_opts that are used here, with their numbers, and those of criu_page_server_info
OPTIONS = dict(images_dir_fd=1, pid=2, leave_running=3, shell_job=6, log_level=9, log_file=10, ps=11, parent_img=14, track_mem=15)
SERVER = dict(fd=4)


def varint(number):
    number &= (1 << 64) - 1
    out = b''
    while number > 127:
        out += bytes([number & 127 | 128])
        number >>= 7
    return out + bytes([number])


def encode(names, values):
    out = b''
    for name, value in values.items():
        if isinstance(value, int):
            out += varint(names[name] << 3) + varint(value)
            continue
        value = encode(SERVER, value) if isinstance(value, dict) else value.encode()
        out += varint(names[name] << 3 | 2) + varint(len(value)) + value
    return out


class Swrk:
    """One `criu swrk`, of the criu that PATH gives."""

    def __init__(self, *inherited):
        self.socket, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self.process = subprocess.Popen(['criu', 'swrk', str(theirs.fileno())], pass_fds=(theirs.fileno(), *inherited),
                                        stdin=subprocess.DEVNULL)
        theirs.close()
        self.socket.settimeout(100)

    def call(self, kind, **options):
        """The answer: its type, whether it was a success, and the message of a failure ('' if there is none)."""
        body = encode(OPTIONS, options)
        self.socket.send(varint(1 << 3) + varint(kind) + varint(2 << 3 | 2) + varint(len(body)) + body)
        answer = fields(self.socket.recv(1 << 16))
        return answer.get(1), bool(answer.get(2)), answer.get(9, b'').decode(errors='replace')

    def round(self, kind, folder, **options):
        """A call about one images directory, which is made."""
        os.makedirs(folder)
        directory = os.open(folder, os.O_RDONLY)
        try:
            return self.call(kind, images_dir_fd=directory, log_level=4, log_file='criu.log', **options)
        finally:
            os.close(directory)

    def end(self):
        self.socket.close()
        return self.process.wait(timeout=60)
