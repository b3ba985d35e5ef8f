// The JSON API: one function, and one error that says what the server has said.

export class ApiError extends Error {
  constructor(message, status) {
    super(message);
    this.status = status;
  }
}

/** Ask the API; parameters that are empty are left out. */
export async function ask(path, parameters = {}) {
  const given = Object.entries(parameters).filter(([, value]) => value !== undefined && value !== null && value !== "");
  const query = new URLSearchParams(given).toString();
  let response;
  try {
    response = await fetch(`/api/v1${path}${query ? `?${query}` : ""}`, { headers: { accept: "application/json" } });
  } catch {
    throw new ApiError("The server of this page does not answer. Is mlmeta-track ui still running?", 0);
  }
  const type = response.headers.get("content-type") ?? "";
  const body = type.includes("json") ? await response.json() : { error: await response.text() };
  if (!response.ok) throw new ApiError(body.error ?? `The server answered ${response.status}.`, response.status);
  return body;
}
