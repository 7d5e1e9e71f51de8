"""Holds every answer of a farm's API to the document that the server serves: status, content type, and each field."""
import datetime
import json
import re
import urllib.parse

DESCRIBED = re.compile(r"^(/api/v1(/.*)?|/health|/metrics)$")
TYPES = {"object": dict, "array": list, "string": str, "boolean": bool, "null": type(None)}


def is_of_type(value, name):
    if name in ("integer", "number"):
        return isinstance(value, int if name == "integer" else (int, float)) and not isinstance(value, bool)
    return isinstance(value, TYPES[name])


def format_problem(value, name):
    if name == "date-time":
        if not re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z", value):
            return "is no time in UTC"
        datetime.datetime.fromisoformat(value[:19])
    if name == "uri-reference" and not re.fullmatch(r"/[!-~]*", value):
        return "is no link"
    return None


class Schemas:
    """As much of JSON Schema (2020-12) as the document uses; a keyword that is not known here is an error."""

    KNOWN = {"type", "enum", "properties", "required", "additionalProperties", "items", "oneOf", "$ref", "format",
             "minimum", "maximum", "maxLength", "description"}

    def __init__(self, document):
        self.document = document

    def find(self, ref):
        value = self.document
        for part in ref.removeprefix("#/").split("/"):
            value = value[part.replace("~1", "/").replace("~0", "~")]
        return value

    def problems(self, value, schema, where="$"):
        """What is wrong with the value, each with where it is."""
        unknown = set(schema) - self.KNOWN
        assert not unknown, f"keywords that the checker does not know: {unknown}"
        if "$ref" in schema:
            return self.problems(value, self.find(schema["$ref"]), where)
        if "oneOf" in schema:
            found = [self.problems(value, one, where) for one in schema["oneOf"]]
            return [] if sum(not problems for problems in found) == 1 else [f"{where}: fits not one of {len(found)}"] + found[0]
        types = schema.get("type", [])
        types = [types] if isinstance(types, str) else types
        if types and not any(is_of_type(value, name) for name in types):
            return [f"{where}: specified {' or '.join(types)}, got {json.dumps(value)[:80]}"]
        problems = []
        if "enum" in schema and value not in schema["enum"]:
            problems.append(f"{where}: {value!r} is none of {schema['enum']}")
        if isinstance(value, (int, float)) and not isinstance(value, bool):
            if value < schema.get("minimum", value) or value > schema.get("maximum", value):
                problems.append(f"{where}: {value} is out of bounds")
        if isinstance(value, str):
            if len(value) > schema.get("maxLength", len(value)):
                problems.append(f"{where}: is too long")
            wrong = format_problem(value, schema.get("format"))
            problems += [f"{where}: {wrong}: {value!r}"] if wrong else []
        if isinstance(value, list) and "items" in schema:
            for index, item in enumerate(value):
                problems += self.problems(item, schema["items"], f"{where}[{index}]")
        if isinstance(value, dict):
            problems += self.object_problems(value, schema, where)
        return problems

    def object_problems(self, value, schema, where):
        properties = schema.get("properties", {})
        others = schema.get("additionalProperties", True)
        problems = [f"{where}: lacks '{name}'" for name in schema.get("required", []) if name not in value]
        for name, item in value.items():
            if name in properties:
                problems += self.problems(item, properties[name], f"{where}.{name}")
            elif others is False:
                problems.append(f"{where}: has '{name}', which is not described")
            elif isinstance(others, dict):
                problems += self.problems(item, others, f"{where}.{name}")
        return problems


class ApiChecker:
    def __init__(self, document):
        self.document = document
        self.schemas = Schemas(document)
        self.seen = set()  # (method, pattern, status)
        self.routes = []
        for pattern, operations in document["paths"].items():
            expression = re.compile(re.sub(r"\\{[^}]*\\}", "[^/]+", re.escape(pattern)))
            self.routes += [(expression, method.upper(), pattern, operation) for method, operation in operations.items()]
        # As the server does: what is written out goes before what takes any text.
        self.routes.sort(key=lambda route: route[2].count("{"))

    def find(self, method, path):
        """The pattern and the operation of a request; nothing when it has none."""
        path = urllib.parse.unquote(urllib.parse.urlsplit(path).path)
        method = "GET" if method == "HEAD" else method
        for expression, of, pattern, operation in self.routes:
            if of == method and expression.fullmatch(path):
                return pattern, operation
        return None

    def problems(self, method, path, status, headers, text, body=None):
        """What is not as the document has it."""
        plain = urllib.parse.urlsplit(path).path
        if not DESCRIBED.match(plain):
            return []
        found = self.find(method, path)
        if not found:
            # Nothing is there, or nobody takes this method.
            return [] if status in (404, 405) else [f"the route is not described, but answers {status}"]
        pattern, operation = found
        self.seen.add((method, pattern, status))
        problems = []
        if status < 400:
            known = {one["name"] for one in operation.get("parameters", []) if one["in"] == "query"}
            for name, _ in urllib.parse.parse_qsl(urllib.parse.urlsplit(path).query, keep_blank_values=True):
                if name not in known:
                    problems.append(f"the parameter '{name}' is taken, but not described")
            problems += self.body_problems(operation, body)
        if status in (400, 413) and (headers.get("Content-Type") or "").startswith("text/plain"):
            return problems  # refused before anybody looked where it should go
        responses = operation["responses"]
        may_be_any = status >= 500 or status in (413, 415, 429)
        if str(status) not in responses and not may_be_any:
            return problems + [f"the status {status} is not described"]
        response = responses.get(str(status), responses["default"])
        if "$ref" in response:
            response = self.schemas.find(response["$ref"])
        return problems + self.answer_problems(method, response, headers, text)

    def body_problems(self, operation, body):
        if body is None:
            return []
        if "requestBody" not in operation:
            return ["a body was taken that is not described"]
        schema = operation["requestBody"]["content"]["application/json"]["schema"]
        value = json.loads(body) if isinstance(body, bytes) else body
        return [f"body that was taken: {problem}" for problem in self.schemas.problems(value, schema)]

    def answer_problems(self, method, response, headers, text):
        content = response.get("content")
        if not content:
            return [f"an answer without a body has one: {text[:80]!r}"] if text else []
        media = (headers.get("Content-Type") or "").split(";")[0]
        if media not in content:
            return [f"the content type '{media}' is not described: {sorted(content)}"]
        if method == "HEAD":
            return [f"an answer to HEAD has a body: {text[:80]!r}"] if text else []
        if media.endswith("json"):
            return self.schemas.problems(json.loads(text), content[media]["schema"])
        return []
