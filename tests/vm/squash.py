#!/usr/bin/python3
"""squash.py [--rounds N] [--mib N]   predump squash in chains. A chain with a final dump is squashed, and the real criu restores
both: the same memory, and what each takes (bytes of images, time of the restore). And chains that go on from a squashed round, in
place and elsewhere: the rounds before are removed, the next round leaves its pages to the squashed one by the frames that its
ledger has, all of it is the tree's memory, and a dump upon it is restored."""
import glob, json, os, shutil, signal, statistics, time
from guest import TALLY, Chain, Victim, Wrong, eventually, main, must, options, read, run

GIVEN = options(rounds=6, mib=96)


def squash(folder, *where):
    result = run(GIVEN.predump, 'squash', folder, *where, '--json')
    must(result.code == 0, f'no squash: {result}')
    told = json.loads(result.output)
    print('  squash:', result.output.strip(), flush=True)
    made = told['images_dir']
    result = run(GIVEN.predump, 'verify', made)
    must(result.code == 0 and '1 round in the chain' in result.output, f'the squashed images are not sound: {result}')
    must(not os.path.lexists(made + '/parent'), 'there is a parent still')
    TALLY['chains squashed'] += 1
    return told


def step(victim, number):
    os.kill(victim.pid, signal.SIGUSR1)
    eventually(lambda: victim.heard(f'STEP {number}'), 'a step')
    time.sleep(1)


def begin(rounds, mib):
    victim = Victim(f'{GIVEN.victims}/toucher', str(mib))
    chain = Chain(GIVEN.predump, GIVEN.criu, victim)
    for number in range(1, rounds):
        step(victim, number)
        chain.round_done(chain.round())
    step(victim, rounds)
    return victim, chain


def dump(chain):
    folder = chain.folder()
    result = run(GIVEN.criu, 'dump', '-t', chain.victim.pid, '-D', folder, '--prev-images-dir', os.path.relpath(chain.last, folder),
                 '--track-mem', '--action-script', os.path.abspath(GIVEN.predump) if '/' in GIVEN.predump else
                 shutil.which(GIVEN.predump), '-v4', '-o', 'dump.log')
    must(result.code == 0, f'criu dump: {result} {read(folder + "/dump.log")[-1000:]}')
    eventually(chain.victim.has_gone, 'a tree that is gone')
    return folder


def restore(victim, folder):
    """Restores; the milliseconds that it took."""
    before, begun = victim.round(), time.monotonic()
    result = run(GIVEN.criu, 'restore', '-D', folder, '-d', '-v1', '-o', 'restore.log')
    took = (time.monotonic() - begun) * 1000
    must(result.code == 0, f'criu restore: {result} {read(folder + "/restore.log")[-1000:]}')
    eventually(lambda: victim.round() > before + 9 or victim.heard('BAD'), 'the victim to go on after the restore')
    victim.assert_good('after the restore')
    return took


def restore_and_kill(victim, folder, output):
    """The same, and then the tree is killed and its output put back, whose length criu compares."""
    took = restore(victim, folder)
    os.kill(victim.pid, signal.SIGKILL)
    eventually(victim.has_gone, 'a tree that is gone')
    with open(victim.out, 'w') as out:
        out.write(output)
    return took


def size(*folders):
    """Bytes on the disk."""
    return sum(os.stat(path).st_blocks * 512 for folder in folders for path in glob.glob(folder + '/*'))


def restored():
    victim, chain = begin(GIVEN.rounds, GIVEN.mib)
    folder = dump(chain)
    output, all_of_it = read(victim.out), [os.path.join(chain.home, str(n)) for n in range(1, chain.count + 1)]
    told = squash(folder, '-o', 'squashed')
    must(told['rounds'] == GIVEN.rounds + 1 and told['tasks'] == 1, f'squashed: {told}')
    times = {folder: [], 'squashed': []}
    for _ in range(5):
        for images in times:
            times[images].append(restore_and_kill(victim, images, output))
    TALLY['restores of a chain and of its squashed images'] += 10
    for images, name, folders in ((folder, f'chain of {told["rounds"]}', all_of_it), ('squashed', 'squashed', ['squashed'])):
        files = sum(len(glob.glob(f'{each}/*')) for each in folders)
        print(f'figure: {name}: restore {statistics.median(times[images]):.0f} ms (of 5: {min(times[images]):.0f} to '
              f'{max(times[images]):.0f}), {size(*folders) / 2**20:.1f} MiB on disk, {files} files', flush=True)
    for each in all_of_it[:-1]:
        shutil.rmtree(each)
    try:
        restore_and_kill(victim, folder, output)
    except Wrong:
        pass
    else:
        raise Wrong('the chain can be restored without its rounds: the proof proves nothing')
    with open(victim.out, 'w') as out:
        out.write(output)
    restore(victim, 'squashed')
    victim.assert_verdict()


def goes_on(*where):
    victim, chain = begin(3, 16)
    squashed = squash(chain.last, *where)
    must(squashed['frames_kept'], 'the ledger is not kept')
    if where == ('--in-place',):
        must(os.path.samefile(squashed['images_dir'], chain.last), 'not in place')
    else:
        result = chain.round(parent=chain.last)[1]
        must(result.code != 0 and squashed['images_dir'] in result.errors, f'the old round is a parent still: {result}')
        chain.last = squashed['images_dir']
    for each in squashed['no_longer_needed']:
        shutil.rmtree(each)
    folder, result = chain.round('--json')
    chain.round_done((folder, result))
    told = json.loads(result.output)
    print('  next round:', result.output.strip(), flush=True)
    must(told['pages_in_parent'] > 10 * told['pages_written'], f'the next round wrote everything: {told}')
    must(told['pages_suspect'] < told['pages_in_parent'] / 10, f'the ledger was of no use: {told}')
    must('ledger' not in result.errors, f'the next round warns of the ledger: {result}')
    chain.assert_exact('upon a squashed round')
    squash(chain.last, '--in-place')
    step(victim, 4)
    chain.round_done(chain.round())
    final = dump(chain)
    squash(final, '--in-place')
    for each in glob.glob(chain.home + '/*'):
        if not os.path.samefile(each, final):
            shutil.rmtree(each)
    restore(victim, final)
    victim.assert_verdict()
    TALLY['chains that went on from a squashed round, restored'] += 1


def prove():
    goes_on('--in-place')
    goes_on('-o', 'elsewhere')
    restored()


main('squash', prove)
