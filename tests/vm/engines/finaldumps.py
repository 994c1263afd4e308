#!/usr/bin/python3
"""finaldumps.py --engine ENGINE   Final dumps that fail while predump stands between the engine and the real criu: the engine
tells a reason, the container goes on with right memory, and a new chain can be begun. At the end it is dumped and restored.
  --kills N   so many dumps in which predump is killed (default 4)"""
import os, threading, time
from engine import container, engine_options, title
from guest import TALLY, eventually, main, must
from machine import mount, settings
from unharmed import assert_told, assert_unharmed, kill, predumps, running

GIVEN = engine_options(kills=4)


def refused(subject):
    """It has moved memory, and mending is forbidden."""
    folder = subject.folder()
    with settings('action-script', 'mend no'):
        result = subject.dump(folder, subject.last)
    assert_told(subject, folder, result, 'forbid mending')
    assert_unharmed(subject, 'after a final dump that was refused')


def full_disk(subject):
    """Of 16 MiB criu writes 8, and predump has to mend the others: the disk is full for the one, then for the other."""
    for size, where in ('1m', '/run/full-for-criu'), ('10m', '/run/full-for-predump'):
        subject.begin_anew()
        subject.round_done()
        subject.step()
        mount('tmpfs', 'tmpfs', where, 'size=' + size)
        folder = where + '/1'
        result = subject.dump(folder, subject.last)
        assert_told(subject, folder, result, '[Nn]o space left')
        assert_unharmed(subject, 'after a final dump to a disk that was full')


def killed(subject, number):
    """Before criu is at work, or while it is: then it finds that nobody listens. The dump is made, or the container goes on."""
    subject.round_done()
    subject.step()
    done, folder = [], subject.folder()
    work = threading.Thread(target=lambda: done.append(subject.dump(folder, subject.last)))
    work.start()
    eventually(lambda: os.path.exists(folder) or done, 'the final dump')
    eventually(lambda: predumps() or done, 'predump in the final dump', 5)
    time.sleep(0.2 * number)
    kill(predumps())
    work.join()
    eventually(lambda: not running('/usr/sbin/criu'), 'criu to end')
    TALLY[f'final dumps with predump killed that {"failed" if done[0].code else "were done"}'] += 1
    if done[0].code == 0:
        eventually(subject.has_gone, 'a container that is gone')
        subject.last = folder
        subject.restore_done()
        subject.assert_good('after a final dump in which predump was killed')
        subject.begin_anew()
        subject.round_done()
    else:
        assert_told(subject, folder, done[0], '.')
        assert_unharmed(subject, f'after predump was killed in a final dump ({number})')


def prove():
    subject = container(GIVEN, 'shifter')
    subject.round_done()
    subject.step()
    for part in refused, full_disk:
        print(f'== {part.__name__}', flush=True)
        part(subject)
    for number in range(GIVEN.kills):
        killed(subject, number)
    must(not predumps(), f'predumps are left: {predumps()}')
    subject.step()
    subject.dump_done()
    subject.restore_done()
    subject.assert_restored()


main(title(GIVEN, 'final dumps'), prove)
