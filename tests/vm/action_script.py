#!/usr/bin/python3
"""action_script.py   predump as criu's action script. A victim moves memory, unseen by dirty tracking, between the last round and
criu dump: the wrong pages are corrected, and the restored victim finds all of them right; without the script it finds them wrong.
With PREDUMP_MEND=no the dump fails, the victim goes on, nothing can be restored from the images, and no round can be based on
their parent. After --leave-running the next round is based on the dump."""
import os, re, signal
from guest import TALLY, Chain, Victim, eventually, main, must, options, read, run

GIVEN = options()


class Moved:
    """A victim with two rounds of predump, which has moved its memory after them."""

    def __init__(self):
        self.victim = Victim(GIVEN.victims + '/shifter')
        self.chain = Chain(GIVEN.predump, GIVEN.criu, self.victim)
        self.chain.round_done(self.chain.round())
        self.last = self.chain.last
        self.steps = 0
        self.step()

    def step(self):
        self.steps += 1
        os.kill(self.victim.pid, signal.SIGUSR1)
        eventually(lambda: self.victim.heard(f'STEP {self.steps}'), 'the move')

    def dump(self, *more, script=GIVEN.predump, environment=None):
        folder = self.chain.folder()
        action = ['--action-script', script] if script else []
        parent = os.path.relpath(self.last, folder)
        result = run(GIVEN.criu, 'dump', '-t', self.victim.pid, '-D', folder, '--prev-images-dir', parent, '--track-mem', '-v4',
                     '-o', 'dump.log', *action, *more, environment=environment)
        return folder, result

    def restore(self, folder):
        eventually(self.victim.has_gone, 'a tree that is gone')
        return run(GIVEN.criu, 'restore', '-D', folder, '-d', '-v4', '-o', 'restore.log')


def figures(folder):
    log = read(folder + '/predump-post-dump.log')
    print(log.strip())
    must('pages_in_parent' in log, f'no figures in the log: {log}')
    return {name: int(value) for name, value in re.findall(r'(\w+)=(\d+)', log)}


def mended():
    moved = Moved()
    folder, result = moved.dump()
    must(result.code == 0, f'criu dump: {result} {read(folder + "/dump.log")[-1000:]}')
    told = figures(folder)
    must(told['pages_mended'] >= 2048, f'only {told["pages_mended"]} pages were mended')
    result = run(GIVEN.predump, 'verify', folder)
    must(result.code == 0, f'the mended images are not sound: {result}')
    before = moved.victim.round()
    result = moved.restore(folder)
    must(result.code == 0, f'criu restore: {result} {read(folder + "/restore.log")[-1000:]}')
    eventually(lambda: moved.victim.round() > before + 9 or moved.victim.heard('BAD'), 'the victim to go on after the restore')
    moved.victim.assert_verdict()
    TALLY['moved pages mended in final dumps'] += told['pages_mended']


def without():
    """The negative proof: does this victim test anything?"""
    moved = Moved()
    folder, result = moved.dump(script=None)
    must(result.code == 0 and moved.restore(folder).code == 0, f'criu dump and restore: {result}')
    eventually(lambda: moved.victim.heard('BAD'), 'a victim that finds wrong memory')
    TALLY['moves that nobody noticed without the action script'] += 1


def refused():
    moved = Moved()
    folder, result = moved.dump(environment={'PREDUMP_MEND': 'no'})
    must(result.code != 0, 'the dump did not fail')
    figures(folder)
    must('forbid mending' in read(folder + '/dump.log'), "criu's log does not say why")
    moved.victim.assert_goes_on('after a dump that was refused')
    must(moved.chain.inventory(folder, 'inventory.img.unproved') and not moved.chain.inventory(folder), 'the images look whole')
    result = run(GIVEN.criu, 'restore', '-D', folder, '-d', '-v4', '-o', 'restore.log')
    must(result.code != 0, 'criu restored images that were not proved')
    _, result = moved.chain.round(parent=moved.last)
    must(result.code == 1 and 'begin with a full round' in result.errors, f'a round on the parent was not refused: {result}')
    folder, result = moved.dump()
    must(result.code != 0, 'criu dumped once more on the parent')
    moved.victim.assert_goes_on('after criu refused the parent')
    moved.chain.begin_anew()
    moved.chain.assert_exact('after a new beginning')
    moved.victim.assert_verdict()
    TALLY['final dumps refused, with the tree unharmed'] += 1


def killed():
    """criu lets the tree live if its script is killed."""
    with open('script', 'w') as script:
        script.write('#!/bin/sh\n[ "$CRTOOLS_SCRIPT_ACTION" != post-dump ] || kill -KILL $$\n')
    os.chmod('script', 0o755)
    moved = Moved()
    folder, result = moved.dump(script=os.path.abspath('script'))
    must(result.code != 0, 'the dump did not fail')
    must('killed by signal 9' in read(folder + '/dump.log'), 'the dump failed for another reason')
    moved.victim.assert_goes_on('after an action script that was killed')
    moved.victim.assert_verdict()


def left_running():
    moved = Moved()
    folder, result = moved.dump('--leave-running')
    must(result.code == 0, f'criu dump: {result} {read(folder + "/dump.log")[-1000:]}')
    must(figures(folder)['pages_mended'] >= 2048, 'not mended')
    _, result = moved.chain.round(parent=moved.last)
    must(result.code == 1 and os.path.abspath(folder) in result.errors, f'a round on the parent was not refused: {result}')
    moved.step()
    again, result = moved.dump('--leave-running')  # criu ignores the mark: all pages are compared then
    must(result.code == 0, f'criu dump: {result} {read(again + "/dump.log")[-1000:]}')
    figures(again)
    must('was made on' in read(again + '/predump-post-dump.log'), 'a parent that was used before was believed')
    moved.chain.last = again
    moved.chain.assert_exact('after a dump that left it running')
    moved.victim.assert_verdict()
    TALLY['rounds built upon a final dump'] += 1


def prove():
    for part in mended, without, refused, killed, left_running:
        print(f'== {part.__name__}', flush=True)
        part()


main('action_script', prove)
