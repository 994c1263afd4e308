"""The benchmark itself: see `run`. It runs the experiments of `experiments.py` and reports which targets were met."""
import argparse, json, os, re, signal, subprocess, sys

from experiments import table
from report import Targets
from tools import Bench
from workload import QuietMemory


def main():
    parser = argparse.ArgumentParser()
    for name in 'predump', 'programs', 'criu', 'disk', 'json':
        parser.add_argument(f'--{name}')
    parser.add_argument('--tmpfs', default='/dev/shm')
    parser.add_argument('--runs', type=int, default=21)
    parser.add_argument('--only', default='')
    parser.add_argument('--small', action='store_true')
    args = parser.parse_args()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))  # settings are restored
    bench = Bench(args)
    try:
        with QuietMemory():
            whole(bench, args)
    finally:
        bench.close()


def whole(bench, args):
    tracks_dirty = json.loads(subprocess.run([args.predump, 'check', '--json'], capture_output=True, text=True).stdout)['rounds']
    targets = Targets()
    for experiment in table(list(bench.tools), bench.variants, args.disk, args.small, args.runs, tracks_dirty,
                            bool(args.criu)):
        if re.search(args.only or '', experiment.name):
            with bench.tracking(tracks_dirty or not experiment.pretend):
                experiment.judge(targets, getattr(bench, experiment.how)(experiment))
    targets.show()
    if args.json:
        with open(args.json, 'w') as out:
            json.dump({'kernel': os.uname().release, 'rows': bench.rows, 'targets': targets.lines}, out, indent=1)


main()
