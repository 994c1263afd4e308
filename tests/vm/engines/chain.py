#!/usr/bin/python3
"""chain.py --engine ENGINE [OPTIONS]   A container is pre-dumped twice by predump, which its engine takes for criu; dumped and
restored by the real criu, all by the engine's own commands; then it checks every byte of its memory.
  --victim NAME   one of tests/victims; `family` has several tasks
  --spoil         a page of the first round is spoiled before the restore: the container must find it
  --paused        the container is paused during the pre-dumps
  --dedup         --auto-dedup"""
import os, subprocess
from engine import container, engine_options, title
from guest import TALLY, eventually, main, must, read, run

GIVEN = engine_options(victim='ticker', spoil=False, paused=False, dedup=False)
HERE = os.path.dirname(os.path.abspath(__file__))
MORE = ['--auto-dedup'] if GIVEN.dedup else []


def pre_dump(subject, number):
    if GIVEN.paused:
        must(subject.pause().code == 0, 'the container could not be paused')
    folder = subject.timed(f'pre-dump {number}', subject.round_done, *MORE)
    if GIVEN.paused:
        must('"paused"' in run(subject.engine, 'state', subject.name).output, 'a paused container was not paused after the round')
        must(subject.resume().code == 0, 'the container could not be resumed')
    gap = subject.step()
    if gap is not None:
        print(f'  {subject.label()} pre-dump {number}: its own clock stood for at most {gap:.1f} ms', flush=True)
    return folder


def prove():
    subject = container(GIVEN, GIVEN.victim)
    must((':freezer:/c1' in read(f'/proc/{subject.pid}/cgroup')) == (GIVEN.cgroup == 'v1'), 'the wrong cgroups')
    folders = [pre_dump(subject, 1), pre_dump(subject, 2)]
    subject.assert_goes_on('after two rounds')
    folders.append(subject.timed('dump', subject.dump_done, *MORE))
    made_by_predump(folders)
    if GIVEN.spoil:
        still = subject.heard('STILL')[0].split()[1]
        subprocess.run([HERE + '/../images.py', 'spoil', folders[1], still], check=True)
    subject.timed('restore', subject.restore_done)
    if GIVEN.spoil:
        eventually(lambda: subject.heard('BAD'), 'a container that finds the spoiled page')
        return
    subject.assert_restored()
    TALLY['containers restored'] += 1


def made_by_predump(folders):
    """Do the images come from whom they should come? Does each round leave to its parent what has not changed?"""
    pages = run(HERE + '/../images.py', 'check', *(folder + ':lazy' for folder in folders))
    must(pages.code == 0, f'images: {pages}')
    print('  pages written + left to the parent:', pages.output.strip(), flush=True)


main(title(GIVEN, GIVEN.victim, *(option * getattr(GIVEN, option) for option in ('paused', 'dedup', 'spoil'))), prove, 'CHAIN-CAUGHT' if GIVEN.spoil else 'CHAIN-OK')
