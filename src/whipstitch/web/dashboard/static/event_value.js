// What an event has under a property's name, as filters find it (docs/queries.md, "Properties"): eventValue(event, name).

const COLUMNS = ["os", "browser", "device_model", "bot", "city", "region", "country", "timezone", "lib_version", "session_id", "event_name", "distinct_id"];

// A key of an object, undefined where it is none or has none.
export const own = (object, key) => (object !== null && typeof object === "object" && Object.hasOwn(object, key) ? object[key] : undefined);

// Of that very name, else dots walk into objects.
const walked = (object, name) => own(object, name) ?? (name.includes(".") ? name.split(".").reduce(own, object) : undefined);

// undefined where there is none
export function eventValue(event, name) {
  if (COLUMNS.includes(name.slice(1)) && name.startsWith("$")) return event[name.slice(1)] || undefined;
  const found = walked(event.properties, name) ?? walked(event.default_properties, name);
  if (found !== undefined) return found;
  const source = ["properties", "default_properties"].find((one) => name.startsWith(`${one}.`));
  return source && walked(event[source], name.slice(source.length + 1));
}
