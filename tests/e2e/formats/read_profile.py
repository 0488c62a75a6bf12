# SPDX-License-Identifier: Apache-2.0
"""read_profile.py FILE: reads a gzipped profile by the schema of profile.proto and prints its samples, one a line:
values, labels, functions from the innermost on. Status 1, and why, where the schema or what pprof demands beyond it
is broken: unknown fields, wrong wire types, text that is no UTF-8, numbers of strings, functions, locations or
mappings that there are not, samples without a value for each type."""
import gzip
import sys

NUMBER, TEXT, PACKED = "number", "text", "packed"
# github.com/google/pprof/proto/profile.proto: name, kind, repeated.
SCHEMA = {
    "Profile": {1: ("sample_type", "ValueType", True), 2: ("sample", "Sample", True), 3: ("mapping", "Mapping", True),
                4: ("location", "Location", True), 5: ("function", "Function", True), 6: ("string_table", TEXT, True),
                7: ("drop_frames", NUMBER, False), 8: ("keep_frames", NUMBER, False),
                9: ("time_nanos", NUMBER, False), 10: ("duration_nanos", NUMBER, False),
                11: ("period_type", "ValueType", False), 12: ("period", NUMBER, False), 13: ("comment", PACKED, True),
                14: ("default_sample_type", NUMBER, False)},
    "ValueType": {1: ("type", NUMBER, False), 2: ("unit", NUMBER, False)},
    "Sample": {1: ("location_id", PACKED, True), 2: ("value", PACKED, True), 3: ("label", "Label", True)},
    "Label": {1: ("key", NUMBER, False), 2: ("str", NUMBER, False), 3: ("num", NUMBER, False),
              4: ("num_unit", NUMBER, False)},
    "Mapping": {1: ("id", NUMBER, False), 2: ("memory_start", NUMBER, False), 3: ("memory_limit", NUMBER, False),
                4: ("file_offset", NUMBER, False), 5: ("filename", NUMBER, False), 6: ("build_id", NUMBER, False),
                7: ("has_functions", NUMBER, False), 8: ("has_filenames", NUMBER, False),
                9: ("has_line_numbers", NUMBER, False), 10: ("has_inline_frames", NUMBER, False)},
    "Location": {1: ("id", NUMBER, False), 2: ("mapping_id", NUMBER, False), 3: ("address", NUMBER, False),
                 4: ("line", "Line", True), 5: ("is_folded", NUMBER, False)},
    "Line": {1: ("function_id", NUMBER, False), 2: ("line", NUMBER, False), 3: ("column", NUMBER, False)},
    "Function": {1: ("id", NUMBER, False), 2: ("name", NUMBER, False), 3: ("system_name", NUMBER, False),
                 4: ("filename", NUMBER, False), 5: ("start_line", NUMBER, False)},
}


class Invalid(Exception):
    pass


def demand(holds, complaint):
    if not holds:
        raise Invalid(complaint)


def take_varint(data, at):
    value = 0
    for shift in range(0, 70, 7):
        demand(at < len(data), "a number is cut off")
        byte = data[at]
        value |= (byte & 0x7F) << shift
        at += 1
        if byte < 0x80:
            demand(value < 1 << 64, "a number has more than 64 bits")
            return value, at
    raise Invalid("a number has more than ten bytes")


def numbers_in(data):
    values, at = [], 0
    while at < len(data):
        value, at = take_varint(data, at)
        values.append(value)
    return values


def value_of(kind, wire, raw, place):
    if kind == NUMBER:
        demand(wire == 0, f"{place} is no number")
        return raw
    if kind == PACKED:
        return [raw] if wire == 0 else numbers_in(raw)
    demand(wire == 2, f"{place} has no length")
    return raw.decode("utf-8") if kind == TEXT else read(kind, raw)


def read(name, data):
    """A message as a dictionary: absent numbers are 0, what may be repeated is a list."""
    fields = SCHEMA[name]
    message = {field: [] if repeated else 0 for field, _, repeated in fields.values()}
    at = 0
    while at < len(data):
        tag, at = take_varint(data, at)
        demand(tag >> 3 in fields, f"{name} has no field {tag >> 3}")
        field, kind, repeated = fields[tag >> 3]
        wire = tag & 7
        demand(wire in (0, 2), f"{name}.{field} has wire type {wire}")
        raw, at = take_varint(data, at)
        if wire == 2:
            demand(at + raw <= len(data), f"{name}.{field} is cut off")
            raw, at = data[at:at + raw], at + raw
        value = value_of(kind, wire, raw, f"{name}.{field}")
        if not repeated:
            message[field] = value
        elif kind == PACKED:
            message[field] += value
        else:
            message[field].append(value)
    return message


def by_id(messages, what):
    found = {message["id"]: message for message in messages}
    demand(0 not in found, f"a {what} has no id")
    demand(len(found) == len(messages), f"an id is of two {what}s")
    return found


def samples(profile):
    strings = profile["string_table"]
    demand(strings and strings[0] == "", "the first string is not the empty one")

    def string(number):
        demand(number < len(strings), f"there is no string {number}")
        return strings[number]

    def found(things, number, what):
        demand(number in things, f"there is no {what} {number}")
        return things[number]

    mappings = by_id(profile["mapping"], "mapping")
    locations = by_id(profile["location"], "location")
    functions = by_id(profile["function"], "function")
    types = [string(each["type"]) for each in profile["sample_type"]]
    demand(types, "there is no type of samples")
    demand(string(profile["default_sample_type"]) in types, "the default type is none of them")
    for mapping in mappings.values():
        demand(mapping["memory_start"] < mapping["memory_limit"], "a mapping is empty")
        for field in ("filename", "build_id"):
            string(mapping[field])
    for location in locations.values():
        if location["mapping_id"] != 0:
            mapping = found(mappings, location["mapping_id"], "mapping")
            demand(mapping["memory_start"] <= location["address"] < mapping["memory_limit"],
                   "a location is not in its mapping")
    for function in functions.values():
        for field in ("name", "system_name", "filename"):
            string(function[field])
    for sample in profile["sample"]:
        demand(len(sample["value"]) == len(types), "a sample has not one value for each type")
        demand(sample["location_id"], "a sample is nowhere")
        labels = {string(label["key"]): string(label["str"]) for label in sample["label"]}
        demand("" not in labels, "a label has no key")
        names = [string(found(functions, line["function_id"], "function")["name"])
                 for number in sample["location_id"] for line in found(locations, number, "location")["line"]]
        yield dict(zip(types, sample["value"])), labels, names


def main(path):
    try:
        with gzip.open(path) as file:
            profile = read("Profile", file.read())
        for values, labels, names in samples(profile):
            print(*(f"{key}={value}" for key, value in values.items()),
                  *(f"{key}={value!r}" for key, value in labels.items()), "|", " < ".join(names))
    except (Invalid, UnicodeDecodeError, EOFError, OSError) as error:
        print(f"{path}: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
