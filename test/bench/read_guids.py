"""Prints the Guid of each row of an exported file, read by Python's own csv, json or zipfile and xml."""
import csv, json, sys, xml.etree.ElementTree as xml, zipfile

SHEET = "{http://schemas.openxmlformats.org/spreadsheetml/2006/main}"


def guids(path):
    if path.endswith(".csv"):
        with open(path, encoding="utf-8-sig", newline="") as file:
            for row in csv.DictReader(file, strict=True):
                yield row["Guid"]
    elif path.endswith(".jsonl"):
        with open(path, encoding="utf-8") as file:
            for line in file:
                yield json.loads(line)["guid"]
    else:
        with zipfile.ZipFile(path) as book, book.open("xl/worksheets/sheet1.xml") as sheet:
            heading = True
            for _, element in xml.iterparse(sheet):
                if element.tag != SHEET + "row":
                    continue
                if not heading:
                    yield element[0].find(f"{SHEET}is/{SHEET}t").text
                heading = False
                element.clear()


for guid in guids(sys.argv[1]):
    print(guid)
