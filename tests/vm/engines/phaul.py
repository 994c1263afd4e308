#!/usr/bin/python3
"""phaul.py   Live migration as phaul and go-criu's phaul do it: three PRE_DUMPs and the DUMP on one swrk socket of the source,
all their pages by one TCP connection, whose ends both criu processes get by number (ps.fd), to a PAGE_SERVER_CHLD for each round.
What was restored at the destination checks every byte of its memory."""
import os, shutil, socket
from engine import engine_options
from guest import TALLY, Victim, eventually, main, must, read, run
from swrk import DUMP, PAGE_SERVER, PAGE_SERVER_CHLD, PRE_DUMP, Swrk

GIVEN = engine_options()
ROUNDS = 4


def connection():
    with socket.create_server(('127.0.0.1', 0)) as server:
        here = socket.create_connection(server.getsockname())
        there, _ = server.accept()
    return here, there


def prove():
    victim = Victim(GIVEN.victims + '/toucher')
    here, there = connection()
    source = Swrk(here.fileno())
    for number in range(1, ROUNDS + 1):
        based = {'parent_img': f'../{number - 1}'} if number > 1 else {}
        destination = Swrk(there.fileno())
        answer = destination.round(PAGE_SERVER_CHLD, f'destination/{number}', ps={'fd': there.fileno()}, **based)
        must(answer[:2] == (PAGE_SERVER, True), f'no page server for round {number}: {answer}')
        kind = PRE_DUMP if number < ROUNDS else DUMP
        before = victim.round()
        answer = source.round(kind, f'source/{number}', pid=victim.pid, track_mem=1, shell_job=1, ps={'fd': here.fileno()},
                              **based)
        must(answer[:2] == (kind, True), f'round {number}: {answer} {read(f"source/{number}/criu.log")[-1000:]}')
        destination.end()
        if number < ROUNDS:
            victim.assert_goes_on(f'after round {number}')
    source.end()
    eventually(victim.has_gone, 'a victim that is gone')
    for name in os.listdir(f'source/{ROUNDS}'):
        if not os.path.lexists(f'destination/{ROUNDS}/{name}'):
            shutil.copy(f'source/{ROUNDS}/{name}', f'destination/{ROUNDS}')
    pages = run(os.path.dirname(os.path.abspath(__file__)) + '/../images.py', 'check',
                *(f'destination/{number}:lazy' for number in range(1, ROUNDS + 1)))
    must(pages.code == 0, f'images: {pages}')
    print('  pages written + left to the parent:', pages.output.strip(), flush=True)
    before = victim.round()
    result = run('criu', 'restore', '-D', f'destination/{ROUNDS}', '-j', '-d', '-v4', '-o', 'restore.log')
    must(result.code == 0, f'criu restore: {result} {read(f"destination/{ROUNDS}/restore.log")[-1000:]}')
    eventually(lambda: victim.round() > before + 9 or victim.heard('BAD'), 'the victim to go on after the restore')
    victim.assert_verdict()
    TALLY['rounds through one swrk and one connection'] += ROUNDS


main('phaul' + ' stock' * GIVEN.stock, prove, 'CHAIN-OK')
