#!/usr/bin/python3
"""Rounds on a kernel that need not have soft-dirty (that of arm64 has none), whatever its pages' size: a whole first one, and two
by content. The victim is stopped for each, and all its memory has to be equal to the chain.

anykernel.py [--victim NAME]"""
import json, mmap, os, re
from guest import TALLY, Victim, eventually, main, must, options, run


def verified(given, folder, pid, whole):
    result = run(given.predump, 'verify', folder, '--tree', pid)
    must(result.code == 0, f'the images are not the memory: {result}')
    equal = int(re.search(r'(\d+) pages equal, 0 different, 0 missing', result.output.splitlines()[-1]).group(1))
    must(equal >= whole, f'only {equal} pages were compared, after {whole}')
    TALLY[f'pages of {mmap.PAGESIZE} bytes compared in the VM'] += equal
    return equal


def prove():
    victim = Victim(f'{given.victims}/{given.victim}')
    whole = 0
    for number in range(1, 4):
        before = victim.round()
        eventually(lambda: victim.round() > before + 2, 'the victim to work')
        victim.stop()
        os.mkdir(str(number))
        more = ['--prev-images-dir', f'../{number - 1}', '--track', 'content'] if number > 1 else []
        result = run(given.predump, '-t', victim.pid, '-D', str(number), '--json', *more)
        must(result.code == 0, f'round {number}: {result}')
        summary = next(json.loads(line) for line in result.output.splitlines() if line.startswith('{'))
        equal = verified(given, str(number), victim.pid, whole)
        whole = whole or equal
        written = summary['pages_written']
        print(f'  round {number}: {written} pages written, {equal} equal, frozen {summary["frozen_us"] / 1000:.1f} ms')
        must(number == 1 or written * 2 < whole, f'round {number} wrote {written} of {whole} pages again')
        victim.go()
    victim.assert_goes_on('after the rounds')
    victim.assert_verdict()


given = options(victim='threads')
main('anykernel', prove)
