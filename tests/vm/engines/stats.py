"""stats-dump, as far as engines show it."""
import struct
from images import fields

NAMES = {1: 'freezing', 2: 'frozen', 6: 'in parent', 7: 'written'}  # (microseconds, microseconds, pages, pages)


def dump_statistics(folder):
    """Of the round whose stats-dump is in the directory; None if there is none."""
    try:
        with open(folder + '/stats-dump', 'rb') as file:
            image = file.read()
    except OSError:
        return None
    size, = struct.unpack_from('<I', image, 8)
    dump = fields(fields(image[12:12 + size])[1])
    return {name: dump.get(number, 0) for number, name in NAMES.items()}
