#!/usr/bin/python3
"""failures.py --engine ENGINE   What goes wrong below an engine: it tells a reason that an operator can act on, the container
goes on with right memory, and a new chain can be begun. At the end the same container is dumped and restored.
  --kills N   so many rounds in which predump is killed (default 4)"""
import os, socket, threading, time
from engine import container, engine_options, title
from guest import TALLY, eventually, main, must
from machine import mount
from stats import dump_statistics
from unharmed import assert_told, assert_unharmed, kill, predumps

GIVEN = engine_options(kills=4)
CRIU = '/usr/sbin/criu'


def no_real_criu(subject):
    os.rename(CRIU, CRIU + '.away')
    try:
        folder, result = subject.next_round()
    finally:
        os.rename(CRIU + '.away', CRIU)
    # (LXC and podman show nothing of what criu says then)
    own_words = {'lxc': 'execing criu failed, is it installed', 'podman': 'does not support memory tracking'}
    assert_told(subject, folder, result, own_words.get(subject.engine, 'there is no criu behind predump'))
    assert_unharmed(subject, 'without the real criu')


def empty_parent(subject):
    empty = subject.home + '/empty'
    os.makedirs(empty, exist_ok=True)
    folder, result = subject.next_round(parent=empty)
    assert_told(subject, folder, result, r'Error.*empty')
    assert_unharmed(subject, 'after a round on a parent without images')


def foreign_parent(subject):
    """Of another container, whose processes have the same pids inside: no page may be left to it."""
    other = container(GIVEN, 'toucher', '1', name='c2')
    other.round_done()
    subject.last = other.last
    folder = subject.round_done()
    must(dump_statistics(subject.work(folder))['in parent'] == 0, 'pages were left to the parent of another container')
    subject.assert_goes_on('after a round on a parent of another container')
    other.remove()  # (its images stay: they are a parent now)


def used_parent(subject):
    subject.begin_anew()
    first = subject.round_done()
    subject.round_done()
    folder, result = subject.next_round(parent=first)
    assert_told(subject, folder, result, r'Error.*made on it already')
    subject.assert_goes_on('after a second round on one parent')
    subject.round_done()  # (the refusal came before anything was changed: the chain goes on)
    assert_unharmed(subject, 'after a second round on one parent')


def full_disk(subject):
    mount('tmpfs', 'tmpfs', '/run/small', 'size=4m')
    folder = '/run/small/1'
    result = subject.pre_dump(folder, None)
    assert_told(subject, folder, result, r'Error.*[Nn]o space left')
    assert_unharmed(subject, 'after a disk that was full')


def killed(subject, number):
    """A moment later in the round each time, and by turns what the engine started, the round, what was started last, and all."""
    done = []
    work = threading.Thread(target=lambda: done.append(subject.next_round()))
    work.start()
    eventually(lambda: len(predumps()) > 1 or done, 'a round of predump')
    time.sleep(0.03 * number)
    pids = predumps()
    kill([pids[:1], pids[1:2], pids[-1:], pids][number % 4])
    work.join()
    folder, result = done[0]
    if result.code:
        assert_told(subject, folder, result, '.')
    TALLY[f'rounds with predump killed that {"failed" if result.code else "were done"}'] += 1
    assert_unharmed(subject, f'after predump was killed ({number})')


def killed_while_it_sends(subject):
    """A page server that takes nothing: predump is in the middle for certain."""
    with socket.create_server(('127.0.0.1', 0), backlog=1) as server:
        server.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        done = []
        subject.begin_anew()
        where = '127.0.0.1:%d' % server.getsockname()[1]
        work = threading.Thread(target=lambda: done.append(subject.next_round('--page-server', where)))
        work.start()
        peer, _ = server.accept()
        peer.recv(4096)
        subject.assert_goes_on('while predump waits for a page server')
        kill(predumps())
        work.join()
        peer.close()
    folder, result = done[0]
    assert_told(subject, folder, result, '.')
    assert_unharmed(subject, 'after predump was killed while it sent pages')


def prove():
    subject = container(GIVEN, 'toucher')
    subject.round_done()
    parts = [no_real_criu]
    if subject.chooses_directories:
        parts += [full_disk, empty_parent, used_parent]
    if subject.engine == 'runc':
        parts.append(killed_while_it_sends)
    for part in parts:
        print(f'== {part.__name__}', flush=True)
        part(subject)
    for number in range(GIVEN.kills):
        killed(subject, number)
    must(not predumps(), f'predumps are left: {predumps()}')
    if subject.chooses_directories:
        foreign_parent(subject)
    subject.round_done()
    subject.dump_done()
    subject.restore_done()
    subject.assert_restored()


main(title(GIVEN, 'failures'), prove)
