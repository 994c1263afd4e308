#!/usr/bin/python3
"""chain.py --engine ENGINE [OPTIONS]   A container is pre-dumped twice by predump, which its engine takes for criu; dumped and
restored by the real criu, all by the engine's own commands; then it checks every byte of its memory.
  --victim NAME   one of tests/victims; `family` has several tasks; `shifter` moves memory between the last round and the dump, so
                  predump has to mend the dump
  --spoil         a page of the first round is spoiled before the restore: the container must find it
  --unproved      the final dump is left as criu makes it: `shifter` must find that
  --paused        the container is paused during the pre-dumps
  --dedup         --auto-dedup
  --page-server WHOSE   the pages go to a page server, criu's or predump's (runc, crun)"""
import os, re, subprocess, time
from engine import container, engine_options, title
from guest import TALLY, eventually, main, must, read, run
from machine import settings
from servers import PageServer

GIVEN = engine_options(victim='ticker', spoil=False, paused=False, dedup=False, unproved=False, page_server='')
DAMAGED = GIVEN.spoil or GIVEN.unproved
HERE = os.path.dirname(os.path.abspath(__file__))


class Chain:
    """The rounds of one container; their images, or with a page server the directories where those lie with their pages."""

    def __init__(self):
        self.subject = container(GIVEN, GIVEN.victim)
        self.server = PageServer(GIVEN, self.subject.home) if GIVEN.page_server else None
        self.images = []

    def step(self, what, action):
        """One round, or the dump."""
        more = ['--auto-dedup'] if GIVEN.dedup else []
        if self.server:
            more += self.server.begin()
        folder = self.subject.timed(what, action, *more)
        made = not GIVEN.stock and what != 'dump'
        must(os.path.exists(folder + '/predump-frames') == made, f'{what} was made by {"criu" if made else "predump"}')
        if self.server:
            self.server.done()
        self.images.append(self.server.folder() if self.server else folder)

    def pre_dump(self, number):
        subject = self.subject
        if GIVEN.paused:
            must(subject.pause().code == 0, 'the container could not be paused')
            reached = subject.round()
        self.step(f'pre-dump {number}', subject.round_done)
        if GIVEN.paused:
            time.sleep(0.3)
            must(subject.round() == reached, 'a paused container went on')
            must(subject.resume().code == 0, 'the container could not be resumed')
        gap = subject.step()
        if gap is not None:
            print(f'  {subject.label()} pre-dump {number}: its own clock stood for at most {gap:.1f} ms', flush=True)

    def dump(self):
        self.step('dump', self.subject.dump_done)
        pages = run(HERE + '/../images.py', 'check', *(folder + ':lazy' for folder in self.images if os.path.exists(folder)))
        must(pages.code == 0, f'images: {pages}')
        print('  pages written + left to the parent:', pages.output.strip(), flush=True)
        # (containerd removes the directory that has predump's log; an unmended dump is found by the container)
        if GIVEN.victim == 'shifter' and not DAMAGED and not GIVEN.stock and GIVEN.engine != 'containerd':
            mended = re.search(r'pages_mended=(\d+)', read(self.subject.work(self.subject.last) + '/predump-post-dump.log'))
            must(mended and int(mended.group(1)) > 2000, 'predump mended nothing in the final dump')
            TALLY['moved pages mended in the final dumps of engines'] += int(mended.group(1))
        if self.server:
            self.subject.last = self.server.complete(self.subject.last)

    def spoil(self):
        still = self.subject.heard('STILL')[0].split()[1]
        subprocess.run([HERE + '/../images.py', 'spoil', self.images[1], still], check=True)


def prove():
    chain = Chain()
    subject = chain.subject
    must((':freezer:/c1' in read(f'/proc/{subject.pid}/cgroup')) == (GIVEN.cgroup == 'v1'), 'the wrong cgroups')
    chain.pre_dump(1)
    chain.pre_dump(2)
    subject.assert_goes_on('after two rounds')
    with settings('criu', 'prove-dumps no' if GIVEN.unproved else ''):
        chain.dump()
    if GIVEN.spoil:
        chain.spoil()
    subject.timed('restore', subject.restore_done)
    if DAMAGED:
        eventually(lambda: subject.heard('BAD'), 'a container that finds wrong memory')
        return
    subject.assert_restored()
    TALLY['containers restored'] += 1


words = [option * getattr(GIVEN, option) for option in ('paused', 'dedup', 'spoil', 'unproved')]
server = GIVEN.page_server and GIVEN.page_server + "'s page server"
main(title(GIVEN, GIVEN.victim, *words, server), prove, 'CHAIN-CAUGHT' if DAMAGED else 'CHAIN-OK')
