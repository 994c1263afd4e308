"""Shared by what speaks with redis in Python: a connection to it."""
import socket


def command(*words):
    return b'*%d\r\n' % len(words) + b''.join(b'$%d\r\n%s\r\n' % (len(word), word) for word in words)


class Client:
    """A connection to a path or to a (host, port), which breaks (OSError) if the server is silent for longer than `patience`
    seconds, or hangs up."""

    def __init__(self, address, patience=None):
        self.socket = socket.socket(socket.AF_UNIX if isinstance(address, str) else socket.AF_INET)
        self.socket.settimeout(patience)
        self.socket.connect(address)
        self.file = self.socket.makefile('rb')

    def send(self, *words):
        self.send_all([words])

    def send_all(self, commands):
        self.socket.sendall(b''.join(command(*words) for words in commands))

    def answer(self):
        line = self.file.readline()
        if not line.endswith(b'\n'):
            raise ConnectionError('redis has hung up')
        if line[:1] == b'$':
            return None if line[1:2] == b'-' else self.file.read(int(line[1:]) + 2)[:-2]
        return line.strip()

    def close(self):
        self.file.close()
        self.socket.close()
