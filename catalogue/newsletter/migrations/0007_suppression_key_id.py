from django.conf import settings
from django.db import migrations, models
from django.utils.crypto import salted_hmac


def note_key(apps, schema_editor):
    """Until now every address was hashed with SECRET_KEY."""
    key_id = salted_hmac(
        "newsletter.suppression.key", "id", secret=settings.SECRET_KEY, algorithm="sha256"
    ).hexdigest()[:16]
    apps.get_model("newsletter", "Suppression").objects.filter(key_id="").update(key_id=key_id)


class Migration(migrations.Migration):
    dependencies = [("newsletter", "0006_update_trouble")]

    operations = [
        migrations.AddField(
            model_name="suppression",
            name="key_id",
            field=models.CharField(
                db_index=True, default="", help_text="Check value of the key that made the hash.", max_length=16
            ),
            preserve_default=False,
        ),
        migrations.RunPython(note_key, migrations.RunPython.noop),
    ]
