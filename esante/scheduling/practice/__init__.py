"""What a doctor's agenda tells of the practice: whom the doctor has seen, and at what hours the doctor is there."""
