"""The output: a table for each experiment, and the targets at the end."""
import math, statistics, sys


def summary(values):
    ordered = sorted(values)
    p99 = ordered[math.ceil(0.99 * len(ordered)) - 1]
    return {'median': statistics.median(ordered), 'p99': p99, 'max': ordered[-1], 'all': values}


def show(row):
    print(f'\n{row["name"]}, to {row["target"]}, {row["runs"]} runs')
    first = next(iter(row['tools'].values()))
    columns = [('frozen ms', 'frozen', 'median'), ('p99', 'frozen', 'p99'), ('max', 'frozen', 'max'),
               ('gap ms', 'gap', 'median'), ('total ms', 'total', 'median'),
               ('cpu ms', 'cpu', 'median'), ('peak MB', 'peak', 'max'), ('pages', 'pages', 'median'),
               ('suspect', 'suspect', 'median'), ('compared', 'compared', 'median'), ('unchanged', 'unchanged', 'median'),
               ('MB sent', 'sent', 'median'), ('compare ms', 'comparing', 'median'), ('throughput', 'throughput', 'median'),
               ('server: cpu', 'server cpu', 'median'), ('peak MB', 'server peak', 'max')]
    hidden = () if ', round 2' in row['name'] else ('unchanged', 'comparing', 'suspect')
    columns = [column for column in columns if column[1] in first and column[1] not in hidden]
    print(f'  {"":28}' + ''.join(f'{title:>12}' for title, _, _ in columns))
    for tool, figures in row['tools'].items():
        cells = []
        for _, key, which in columns:
            value = figures.get(key, {}).get(which)
            if value is None:
                cells.append(f'{"-":>12}')
            elif key in ('pages', 'unchanged', 'suspect', 'compared') or value >= 100:
                cells.append(f'{value:12.0f}')
            else:
                cells.append(f'{value:12.2f}')
        print(f'  {tool:28}' + ''.join(cells))
    for tool, why in row['failed'].items():
        print(f'  {tool} fails: {why.splitlines()[0]}')
    sys.stdout.flush()


class Targets:
    """The targets, and the values that were reached."""

    def __init__(self):
        self.lines = []

    def ratio(self, what, ours, theirs, key, limit, at_least=False, which='median'):
        if not ours or not theirs:
            self.lines.append({'target': what, 'limit': limit, 'met': None})
            return
        value = ours[key][which] / theirs[key][which] if not at_least else theirs[key][which] / ours[key][which]
        self.lines.append({'target': what, 'value': value, 'limit': limit, 'met': value >= limit if at_least else value <= limit})

    def value(self, what, value, limit):
        self.lines.append({'target': what, 'value': value, 'limit': limit, 'met': value <= limit})

    def show(self):
        print('\nTargets')
        for line in self.lines:
            state = {True: 'met', False: 'NOT MET', None: 'not measured'}[line['met']]
            value = f'{line["value"]:10.4g}' if 'value' in line else f'{"-":>10}'
            print(f'  {line["target"]:76}{value}   limit {line["limit"]:<8.4g}{state}')
