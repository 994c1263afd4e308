#!/usr/bin/python3
"""links.py   Directories reached through symbolic links: parents are looked up as the kernel and criu do, from the link's target.
A decoy lies where the path leads textually. A used parent is refused under any name; a final dump and a restore through a link
are correct."""
import os, tempfile
from guest import TALLY, Chain, Victim, main, must, options, run

GIVEN = options()


def linked(chain):
    """An empty directory beside the rounds, and another directory with a link to it, named latest."""
    folder = chain.folder()
    elsewhere = tempfile.mkdtemp(prefix='elsewhere.', dir='.')
    os.symlink(os.path.abspath(folder), elsewhere + '/latest')
    return folder, elsewhere


def pre_dump(chain, through, parent):
    return run(GIVEN.predump, '-t', chain.victim.pid, '-D', through, '--prev-images-dir', parent)


def rounds_through_links():
    chain = Chain(GIVEN.predump, GIVEN.criu, Victim(GIVEN.victims + '/toucher', '2'))
    parent = os.path.basename(chain.last)
    folder, elsewhere = linked(chain)
    os.makedirs(f'{elsewhere}/{parent}')  # where the path leads textually
    result = pre_dump(chain, elsewhere + '/latest', '../' + parent)
    must(result.code == 0, f'a round through a link: {result}')
    must(os.readlink(folder + '/parent') == '../' + parent, 'the parent link')
    must(os.path.exists(f'{chain.home}/{parent}/predump-child'), 'the parent is not marked')
    must(not os.listdir(f'{elsewhere}/{parent}'), 'something was written to the decoy')
    chain.last = folder
    chain.assert_exact('after a round through a link')
    TALLY['rounds through links in the VM'] += 1

    for through_link in (True, False):  # once more on the same parent
        spare, other = linked(chain)
        result = pre_dump(chain, other + '/latest' if through_link else spare, '../' + parent)
        must(result.code == 1 and 'was made on it already' in result.errors, f'a used parent was taken: {result}')
        must(not os.listdir(spare), f'left over: {os.listdir(spare)}')
        TALLY['used parents refused through links in the VM'] += 1
    chain.assert_exact('after the refusals')
    chain.dump_and_restore()
    chain.victim.assert_verdict()


main('links', rounds_through_links)
