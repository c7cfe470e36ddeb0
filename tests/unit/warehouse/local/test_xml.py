"""ClickHouse's configuration as XML."""

from xml.etree import ElementTree

from whipstitch.warehouse.local.xml import document


def test_elements_may_be_texts_numbers_others_and_several_of_one_name() -> None:
    text = document(
        {
            "port": 8123,
            "ratio": 0.5,
            "logger": {"level": "error", "levels": {"logger": [{"name": "a"}, {"name": "b"}]}},
            "host": ["127.0.0.1", "::1"],
            "nobody": [],
        }
    )

    read = ElementTree.fromstring(text)  # noqa: S314 - our own
    assert read.tag == "clickhouse"
    assert (read.findtext("port"), read.findtext("ratio")) == ("8123", "0.5")
    assert [name.text for name in read.iterfind("logger/levels/logger/name")] == ["a", "b"]
    assert [host.text for host in read.iterfind("host")] == ["127.0.0.1", "::1"]
    assert read.find("nobody") is None


def test_what_is_no_xml_stays_text() -> None:
    text = document({"password": "<&>\"']]>"})

    assert ElementTree.fromstring(text).findtext("password") == "<&>\"']]>"  # noqa: S314
