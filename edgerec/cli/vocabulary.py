"""What the options for a model's own ids say of themselves, in every command that takes them."""

ITEMS_HELP = "Item ids, line i is the model's item i"
USERS_HELP = "User ids likewise, where the model takes a user"
