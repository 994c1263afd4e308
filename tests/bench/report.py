"""The output: a table for each experiment, and the targets at the end."""
import math, statistics, sys


def summary(values):
    ordered = sorted(values)
    p99 = ordered[math.ceil(0.99 * len(ordered)) - 1]
    return {'least': ordered[0], 'median': statistics.median(ordered), 'p99': p99, 'max': ordered[-1], 'all': values}


def show(row):
    print(f'\n{row["name"]}, to {row["target"]}, {row["runs"]} runs')
    first = next(iter(row['tools'].values()))
    columns = [('frozen ms', 'frozen', 'median'), ('least', 'frozen', 'least'), ('p99', 'frozen', 'p99'),
               ('max', 'frozen', 'max'),
               ('gap ms', 'gap', 'median'), ('total ms', 'total', 'median'), ('least', 'total', 'least'),
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
    """The targets, and the values that were reached: by medians, and by the least values, which a busy machine spoils less."""

    def __init__(self):
        self.lines = []

    def ratio(self, what, ours, theirs, key, limit, at_least=False):
        if not ours or not theirs:
            self.lines.append({'target': what, 'limit': limit, 'met': None})
            return
        value, least = (ours[key][which] / theirs[key][which] if not at_least else theirs[key][which] / ours[key][which]
                        for which in ('median', 'least'))
        self.lines.append({'target': what, 'value': value, 'least': least, 'limit': limit,
                           'met': value >= limit if at_least else value <= limit})

    def value(self, what, value, limit):
        self.lines.append({'target': what, 'value': value, 'limit': limit, 'met': value <= limit})

    def known(self, what, value, least):
        """A figure that has no target."""
        self.lines.append({'target': what, 'value': value, 'least': least})

    def show(self):
        print(f'\n{"Targets":78}{"reached":>10}{"by least":>10}')
        for line in self.lines:
            state = {True: 'met', False: 'NOT MET', None: 'not measured'}[line['met']] if 'met' in line else 'no target'
            values = ''.join(f'{line[which]:10.4g}' if which in line else f'{"-":>10}' for which in ('value', 'least'))
            limit = f'limit {line["limit"]:<8.4g}' if 'limit' in line else ' ' * 14
            print(f'  {line["target"]:76}{values}   {limit}{state}')
