"""The victims, and the machine's memory."""
import contextlib, mmap, os, re, signal, struct, subprocess, sys, tempfile, time


class Victim:
    """A victim at rest, and its board (see tests/victims/workload.c)."""

    def __init__(self, programs, work, kind, command=None):
        own = tempfile.mkdtemp(prefix='victim.', dir=work)
        self.board_file, self.out = os.path.join(own, 'board'), os.path.join(own, 'out')
        with open(self.board_file, 'wb') as board:
            board.truncate(4096)
        command = command or (['sleep', '100000'] if kind == ['sleep'] else [f'{programs}/workload', self.board_file, *kind])
        ready = {'sleep': '', 'redis': 'eady to accept'}.get(kind[0], 'READY')
        with open(self.out, 'w') as out:  # (not a pipe to us: criu would not dump that)
            self.process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=out, stderr=out, start_new_session=True)
        with open(self.board_file, 'r+b') as board:
            self.board = mmap.mmap(board.fileno(), 4096)
        self.pid = self.process.pid
        while ready not in open(self.out).read():
            if self.process.poll() is not None:
                sys.exit(f'the victim {" ".join(kind)} ended: {open(self.out).read()}')
            time.sleep(0.02)
        time.sleep(0.1)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.kill()
        self.process.wait()

    def read(self):
        gap, writes, dirtied = struct.unpack_from('QQQ', self.board)
        return gap, writes, dirtied

    def forget_gap(self):
        struct.pack_into('Q', self.board, 0, 0)

    def dirty(self):
        before = self.read()[2]
        self.process.send_signal(signal.SIGUSR1)
        while self.read()[2] == before:
            time.sleep(0.005)


class QuietMemory:
    """A VM may return free memory to its host (free page reporting); using it again then costs up to ten times as much. During
    measurements the VM keeps it, and all of it has been touched once."""

    REPORTING = '/sys/module/page_reporting/parameters/page_reporting_order'

    def __enter__(self):
        self.order = None
        if os.access(self.REPORTING, os.W_OK):
            with open(self.REPORTING) as file:
                self.order = file.read()
            # One above the largest order: no memory is returned.
            self.report(str(len(open('/proc/buddyinfo').readline().split()) - 4))
            free = int(re.search(r'MemFree: *(\d+)', open('/proc/meminfo').read()).group(1)) * 1024 - (512 << 20)
            mmap.mmap(-1, max(free, 4096), flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS | mmap.MAP_POPULATE).close()

    def __exit__(self, *_):
        if self.order:
            self.report(self.order)

    def report(self, order):
        with contextlib.suppress(OSError):  # a kernel that does not take this order
            with open(self.REPORTING, 'w') as file:
                file.write(order)
