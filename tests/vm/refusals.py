#!/usr/bin/python3
"""refusals.py [--every N]   Rounds that must be refused before dirty tracking is reset: on damaged or forged parents, and of
trees in which two tasks have the same pid. A one-line error says why, no task is traced if a parent is damaged, the victim goes
on, and the parent can still be used: the next round on it is compared with memory. (--every N: only every N-th kind of
damage.)"""
import os, shutil, signal, struct
from guest import TALLY, Chain, Victim, eventually, main, must, options, read

GIVEN = options(every=1)


def change(path, at, byte):
    with open(path, 'r+b') as file:
        file.seek(at)
        file.write(bytes([byte]))


def cut(path, count):
    os.truncate(path, os.path.getsize(path) - count)


def append(path, data):
    with open(path, 'ab') as file:
        file.write(data)


def entry(address, pages, flags):
    """A record of a pagemap (vaddr, compat_nr_pages, flags)."""
    def varint(value):
        out = b''
        while value > 127:
            out += bytes([value & 127 | 128])
            value >>= 7
        return out + bytes([value])
    record = b'\x08' + varint(address) + b'\x10' + varint(pages) + b'\x20' + varint(flags)
    return struct.pack('<I', len(record)) + record


def instead(path, make):
    if os.path.lexists(path):
        os.remove(path)
    make(path)


def leads(path, target):
    instead(path, lambda path: os.symlink(target, path))


class Parent:
    """The parent, whose own parent holds most of the pages."""

    def __init__(self, chain):
        self.directory = chain.last
        self.grandparent = os.path.realpath(chain.last + '/parent')
        self.name, self.below = os.path.basename(self.directory), os.path.basename(self.grandparent)
        self.pagemap, self.pages = f'{self.directory}/pagemap-{chain.victim.pid}.img', f'{self.directory}/pages-1.img'
        self.inventory, self.link = self.directory + '/inventory.img', self.directory + '/parent'
        self.old_pagemap, self.old_pages = f'{self.grandparent}/pagemap-{chain.victim.pid}.img', f'{self.grandparent}/pages-1.img'


HIGH = 0x7fff_0000_0000
DAMAGES = {
    'pagemap of another magic': lambda p: change(p.pagemap, 5, 0xff),
    'pagemap without bytes': lambda p: os.truncate(p.pagemap, 0),
    'pagemap cut short': lambda p: cut(p.pagemap, 1),
    'pagemap with a record of 4 GiB': lambda p: append(p.pagemap, b'\xff\xff\xff\xff\x01'),
    'pagemap with runs out of order': lambda p: append(p.pagemap, entry(0x1000, 1, 4)),
    'pagemap with an unaligned run': lambda p: append(p.pagemap, entry(HIGH + 1, 1, 4)),
    'pagemap with a run that no parent has': lambda p: append(p.pagemap, entry(0x7fff_ffff_e000, 1, 1)),
    'pagemap that is a FIFO': lambda p: instead(p.pagemap, os.mkfifo),
    'pagemap that leads to a device': lambda p: leads(p.pagemap, '/dev/zero'),
    'pages cut short': lambda p: cut(p.pages, 4096),
    'pages missing': lambda p: os.remove(p.pages),
    'inventory of another magic': lambda p: change(p.inventory, 0, 0xff),
    'inventory missing': lambda p: os.remove(p.inventory),
    'inventory of a later boot': lambda p: instead(p.inventory, lambda path: append(
        path, b'\x16\x31\x31\x58' + struct.pack('<I', 12) + b'\x08\x00\x40' + b'\xff' * 8 + b'\x7f')),
    'directory missing': lambda p: os.rename(p.directory, p.directory + '.away'),
    'parents in a loop': lambda p: leads(p.grandparent + '/parent', '../' + p.name),
    'parent link that leads nowhere': lambda p: leads(p.link, '../nowhere'),
    'no parent link': lambda p: os.remove(p.link),
    "the parent's parent without its pagemap": lambda p: os.remove(p.old_pagemap),
    "the parent's parent with its pages cut short": lambda p: cut(p.old_pages, 4096),
    'images of another task': lambda p: os.rename(p.pagemap, p.directory + '/pagemap-1.img'),
    'a parent that was built upon': lambda p: append(p.directory + '/predump-child', b'/another\n1\n'),
    'a parent whose round failed': lambda p: os.rename(p.inventory, p.inventory + '.unfinished-round'),
}


def assert_refused(chain, what, traced):
    """A round is refused with a one-line error; without tracing, unless the tree has to be examined first."""
    report = os.path.abspath('report')
    faults = {'LD_PRELOAD': GIVEN.victims + '/faults.so', 'FAULT_CALLS': 'ptrace', 'FAULT_REPORT': report}
    folder, result = chain.round(environment=faults)
    lines = result.errors.splitlines()
    must(result.code == 1 and len(lines) == 1 and lines[0].startswith('predump: error: ') and 'defect' not in lines[0],
         f'{what}: {result}')
    must(not os.listdir(folder), f'{what}: left over: {os.listdir(folder)}')
    calls = int(read(report).split()[0])
    must((calls > 0) == traced, f'{what}: {calls} calls of ptrace')
    chain.victim.assert_goes_on(f'after a refusal: {what}')
    return lines[0]


def hostile_parents():
    chain = Chain(GIVEN.predump, GIVEN.criu, Victim(GIVEN.victims + '/toucher', '2'))
    chain.round_done(chain.round())
    for what, damage in list(DAMAGES.items())[::GIVEN.every]:
        shutil.copytree(chain.home, 'sound', symlinks=True)
        damage(Parent(chain))
        print(f'{what}: {assert_refused(chain, what, traced=False)}', flush=True)
        shutil.rmtree(chain.home)
        os.rename('sound', chain.home)
        chain.assert_exact(f'after the repair of {what}')
        TALLY['hostile parents refused in the VM'] += 1
    chain.victim.assert_verdict()


def equal_pids():
    chain = Chain(GIVEN.predump, GIVEN.criu, Victim(GIVEN.victims + '/twins'))

    def step(number):
        os.kill(chain.victim.pid, signal.SIGUSR1)
        eventually(lambda: chain.victim.heard(f'STEP {number}'), 'a step')

    step(1)
    parent = chain.last
    line = assert_refused(chain, 'two tasks with pid 1', traced=True)
    must('pid 1 in their pid namespaces' in line, line)
    must(chain.inventory(parent), 'a tree with equal pids took the parent with it')
    step(2)
    chain.assert_exact('after a tree with equal pids')
    TALLY['trees with equal pids refused in the VM'] += 1
    chain.victim.assert_verdict()


def prove():
    hostile_parents()
    equal_pids()


main('refusals', prove)
