#!/usr/bin/python3
"""content.py [--only NAME]   predump checkpoint --track content: rounds and a final dump that leaves to them what has the same
bytes, shared memory too; each is restored and checked. For each: what the rounds and the dump wrote, and the stop. A database's
buffers, which no dirty tracking covers, must be left to the rounds."""
import glob
from guest import TALLY, Victim, main, must, options
from series import Series, goes_on_restored, warm_up

GIVEN = options(only=None)
BY_CONTENT = ['--track', 'content', '--max-downtime', '100000']


def told(name, lines):
    dump, first = lines.dump, lines.rounds[0]
    print(f'  {name:10} {lines}; round: {first["pages_written"]} pages; dump: {dump["pages_written"]} stored, '
          f'{dump["pages_in_parent"]} left to the rounds', flush=True)


def whole(name, victim, most=0.5):
    """A dump that leaves the tree running, one that ends it upon that, the restore."""
    series = Series(GIVEN, victim)
    for more in ['--leave-running'], []:
        lines = series.checkpoint(*BY_CONTENT, *more)
        told(name + (' left' if more else ''), lines)
        dump = lines.dump
        must(dump['pages_written'] <= most * (dump['pages_written'] + dump['pages_in_parent']), f'{name}: stored {dump}')
    segments = glob.glob(dump['images_dir'] + '/pagemap-shmem-*')
    before = victim.round()
    series.restore(lines.dump['restore'])
    goes_on_restored(victim, before)
    TALLY['checkpoints by content restored'] += 1
    TALLY['pages that these dumps stored'] += dump['pages_written']
    TALLY['pages that these dumps left to the rounds'] += dump['pages_in_parent']
    series.remove()
    return segments


def toucher():
    whole('toucher', Victim(GIVEN.victims + '/toucher', '48'))


def shared():
    must(whole('shared', Victim(GIVEN.victims + '/shared')), 'the dump has no shared memory')


def family():
    whole('family', Victim(GIVEN.victims + '/family'))


def moved():
    """Memory that soft-dirty calls clean."""
    whole('shifter', Victim(GIVEN.victims + '/shifter'), most=1)


def postgres():
    """Under pgbench's load; its books balance after the restore."""
    if glob.glob('/usr/lib/postgresql/*/bin/pgbench'):
        must(whole('postgres', Victim(GIVEN.victims + '/postgres')), 'the dump has no shared buffers')


def redis():
    whole('redis', Victim(GIVEN.victims + '/redis'))




def prove():
    warm_up(GIVEN)
    for case in toucher, shared, family, moved, redis, postgres:
        if not GIVEN.only or case.__name__ in GIVEN.only.split(','):
            case()
            for victim in Victim.ALL:
                victim.end()


main('content', prove)
