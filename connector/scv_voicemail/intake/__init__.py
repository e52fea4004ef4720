"""How voicemails come in: one source per file, and the folder where their recordings are kept."""
