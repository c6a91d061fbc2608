"""No module of the project imports itself through others: each can be read, tested and moved with what is below it."""

from collections.abc import Iterator, Mapping, Set

import grimp


def cycles(imports: Mapping[str, Set[str]]) -> Iterator[list[str]]:
    """One circle for each module that reaches itself, as the modules on the way; the shortest way first."""
    for start in sorted(imports):
        ways, seen = [[start]], {start}
        for way in ways:
            for module in sorted(imports[way[-1]]):
                if module == start:
                    yield [*way, start]
                    return
                if module not in seen:
                    seen.add(module)
                    ways.append([*way, module])


def test_no_module_imports_itself_through_others() -> None:
    graph = grimp.build_graph("catalogue", exclude_type_checking_imports=True, cache_dir=None)
    imports = {module: graph.find_modules_directly_imported_by(module) for module in graph.modules}
    assert len(imports) > 300
    assert list(cycles(imports)) == []


def test_a_circle_is_found_with_the_modules_on_the_way() -> None:
    assert list(cycles({"a": {"b"}, "b": {"c"}, "c": {"b"}, "d": {"a"}})) == [["b", "c", "b"]]
    assert list(cycles({"a": {"b", "c"}, "b": {"c"}, "c": set()})) == []
