"""What has to hold after something went wrong below an engine, and the means to make it go wrong."""
import glob, os, re, signal
from guest import TALLY, must, read


def assert_told(subject, folder, result, *reasons):
    """It failed, for a reason that is in what the engine prints, or in the log that it names."""
    must(result.code != 0, f'{subject.engine} did not notice: {result}')
    logs = [read(f'{subject.work(folder)}/{name}') for name in (subject.log, 'dump.log')]
    text = '\n'.join([result.output, result.errors, *logs])
    for reason in reasons:
        must(re.search(reason, text), f'no reason ({reason}) is told: {text[-2000:]}')
    told = [line for line in text.splitlines() if re.search(reasons[0], line)]
    print('  told:', told[0][:300] if told else '', flush=True)
    TALLY['failures that an engine told'] += 1


def assert_unharmed(subject, what):
    subject.assert_goes_on(what)
    subject.begin_anew()
    subject.round_done()
    subject.assert_goes_on(what + ', and after a new beginning')


def running(program):
    """The pids of all processes of a program, in the order in which they were started."""
    def exe(process):
        try:
            return os.readlink(process + '/exe')
        except OSError:
            return ''
    return sorted(int(process[6:]) for process in glob.glob('/proc/[0-9]*') if exe(process) == program)


def predumps():
    return running('/usr/bin/predump')


def kill(pids):
    for pid in pids:
        try:
            os.kill(pid, signal.SIGKILL)
        except ProcessLookupError:
            pass
